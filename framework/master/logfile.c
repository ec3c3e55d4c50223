/* SPDX-License-Identifier: MIT */
/*
 * logfile.c - the log of the master and all its workers.
 *
 * Workers cannot open it: they have dropped their privileges.  So the master
 * does, and hands each of them the descriptor.
 */
#include "master/logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "master/accesslog.h"
#include "master/generation.h"
#include "master/handout.h"
#include "master/master.h"

/* Standard error is duplicated, so that a worker always has a log to change. */
static int open_log(const char *path)
{
	if (!path)
		return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	/* Not to wait for the reader of a FIFO. */
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
	if (fd >= 0)
		(void)fcntl(fd, F_SETFL, O_APPEND);
	return fd;
}

static int change_log(struct master *m, const char *path)
{
	int fd = open_log(path);

	if (fd < 0) {
		int error = errno;
		log_error("log %s: %s%s", path ? path : "(standard error)", strerror(error),
			m->serving ? "; logging goes on where it was" : "");
		errno = error;
		return -1;
	}
	log_to(fd);
	if (m->log >= 0)
		close(m->log);
	m->log = fd;
	m->log_is_file = path != NULL;
	return 0;
}

int logfile_open(struct master *m, const char *path)
{
	int result = change_log(m, path);

	if (result == 0)
		handout(m);
	return result;
}

int logfile_follow(struct master *m, const struct config *c)
{
	log_limit((enum log_level)c->log_level);
	return logfile_open(m, c->log);
}

int logfile_reopen(struct master *m)
{
	int result = m->serving ? change_log(m, m->serving->config->log) : -1;

	if (accesslogs_reopen(m) < 0)
		result = -1;
	handout(m);
	return result;
}
