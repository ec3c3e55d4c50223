/* SPDX-License-Identifier: MIT */
/*
 * accesslog.c - the files of access logs.
 *
 * The master opens them, as it does its own log: its workers have dropped their privileges.
 * It never writes to them.  Each service has an open file of its own, also where several
 * name the same one; they are all opened to append, so that what workers write does not mix.
 *
 * Old generations that still drain are told of a new file, too: after a rotation nobody
 * writes to the old one any more.
 */
#include "master/accesslog.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/trial.h"

/* ---- before the start ---- */

/* 0, or -1 and errno, as open_log() would. */
static int check_path(const char *path)
{
	char directory[4096];
	struct stat file;

	if (strcmp(path, "-") == 0)
		return 0;
	if (stat(path, &file) == 0) {
		errno = EISDIR;
		return S_ISDIR(file.st_mode) ? -1 : faccessat(AT_FDCWD, path, W_OK, AT_EACCESS);
	}
	if (errno != ENOENT)
		return -1;
	snprintf(directory, sizeof(directory), "%s", path);
	return faccessat(AT_FDCWD, dirname(directory), W_OK | X_OK, AT_EACCESS);
}

static const char *what_to_do(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return "make its directory first";
	case EISDIR:
		return "name a file in it";
	default:
		return "name a file that the user who starts portico may write";
	}
}

int accesslogs_check(const struct config *c, config_problem_fn *problem, void *arg)
{
	char text[MESSAGE_TEXT];
	int code = EX_OK;

	for (size_t i = 0; i < c->service_count; i++) {
		const struct config_service *s = &c->services[i];
		if (!s->access_log || check_path(s->access_log) == 0)
			continue;
		code = trial_exit_code(errno);
		snprintf(text, sizeof(text), "%s:%u: service %s: access_log = %s: %s; %s", s->file,
			s->line, s->name, s->access_log, strerror(errno), what_to_do(errno));
		problem(arg, text);
	}
	return code;
}

/* ---- opening ---- */

static int open_log(const char *path)
{
	if (strcmp(path, "-") == 0)
		return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	/* Neither opening nor writing waits for the reader of a FIFO. */
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
}

int accesslogs_adopt(struct accesslogs *logs, size_t count, const char *(*path)(void *arg, size_t i),
	void *arg)
{
	logs->all = calloc(count + 1, sizeof(*logs->all));
	if (!logs->all)
		return -1;
	for (logs->count = 0; logs->count < count; logs->count++) {
		struct accesslog *log = &logs->all[logs->count];
		const char *name = path(arg, logs->count);

		log->fd = -1;
		log->path = name ? strdup(name) : NULL;
		if (name && !log->path)
			return -1;
	}
	return 0;
}

static const char *configured(void *arg, size_t i)
{
	const struct config *c = arg;
	return c->services[i].access_log;
}

static int failed(struct generation *g, const char *what)
{
	char text[MESSAGE_TEXT];
	int error = errno;

	snprintf(text, sizeof(text), "access log %s: %s%s", what, strerror(error),
		error == ENXIO ? " (a FIFO must have a reader)" : "");
	log_error("%s", text);
	generation_note_failure(g, trial_exit_code(error), text);
	return -1;
}

int accesslogs_open(struct generation *g)
{
	struct accesslogs *logs = &g->accesslogs;

	if (!logs->all && accesslogs_adopt(logs, g->config->service_count, configured, g->config) < 0)
		return failed(g, "files");
	for (size_t i = 0; i < logs->count; i++) {
		struct accesslog *log = &logs->all[i];
		if (!log->path || log->fd >= 0)
			continue;
		log->fd = open_log(log->path);
		if (log->fd < 0)
			return failed(g, log->path);
	}
	return 0;
}

void accesslogs_fini(struct accesslogs *logs)
{
	for (size_t i = 0; i < logs->count; i++) {
		free(logs->all[i].path);
		if (logs->all[i].fd >= 0)
			close(logs->all[i].fd);
	}
	free(logs->all);
	*logs = (struct accesslogs){0};
}

/* ---- opening anew ---- */

static int reopen_one(struct accesslog *log)
{
	int fd = open_log(log->path);

	if (fd < 0) {
		log_error("access log %s: %s; it goes on where it was", log->path, strerror(errno));
		return -1;
	}
	if (log->fd >= 0)
		close(log->fd);
	log->fd = fd;
	return 0;
}

int accesslogs_reopen(struct master *m)
{
	int result = 0;

	for (const struct generation *g = m->generations; g; g = g->older)
		for (size_t i = 0; i < g->accesslogs.count; i++)
			if (g->accesslogs.all[i].path && reopen_one(&g->accesslogs.all[i]) < 0)
				result = -1;
	return result;
}
