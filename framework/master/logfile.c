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
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "master/accesslog.h"
#include "master/generation.h"
#include "master/handout.h"
#include "master/master.h"

/* Nobody waits for syslogd: what it does not take at once is lost. */
static int open_syslog(void)
{
	static const struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = LOG_SYSLOG_AT };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool is_fifo(int fd)
{
	struct stat file;

	return fstat(fd, &file) == 0 && S_ISFIFO(file.st_mode);
}

/* Standard error is duplicated, so that a worker always has a log to change.  A pipe is opened anew if it
 * may be: then nobody shares its O_NONBLOCK with us, and no race of two writers makes one wait. */
static int open_stderr(void)
{
	int own = is_fifo(STDERR_FILENO)
		? open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_CLOEXEC) : -1;
	int fd = fcntl(own >= 0 ? own : STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	if (own >= 0)
		close(own);
	return fd;
}

static int open_log(const struct config *c)
{
	const char *path = c->log;

	if (c->log_is_syslog)
		return open_syslog();
	if (!path)
		return open_stderr();
	/* Not to wait for the reader of a FIFO, now or later. */
	int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0640);
	if (fd >= 0 && !is_fifo(fd))
		(void)fcntl(fd, F_SETFL, O_APPEND);
	return fd;
}

/* Whether standard error is the journal's: systemd.exec(5), JOURNAL_STREAM. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat own;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2
		&& fstat(STDERR_FILENO, &own) == 0 && own.st_dev == device && own.st_ino == inode;
}

static struct log_style style_of(const struct config *c)
{
	bool journal = !c->log && !c->log_is_syslog && is_journal();

	return (struct log_style){
		.format = (enum log_format)c->log_format,
		.frame = c->log_is_syslog ? LOG_SYSLOG : journal ? LOG_JOURNAL : LOG_BARE,
		.facility = c->log_facility,
	};
}

/* Becomes the log, as c wants it to look. */
static void take(struct master *m, const struct config *c, int fd)
{
	m->log = fd;
	m->log_style = style_of(c);
	m->log_is_elsewhere = c->log || c->log_is_syslog;
	log_in_style(&m->log_style);
	log_to(fd);
}

static const char *name_log(const struct config *c)
{
	return c->log_is_syslog ? "syslog (" LOG_SYSLOG_AT ")" : c->log ? c->log : "(standard error)";
}

static int change_log(struct master *m, const struct config *c)
{
	int fd = open_log(c);

	if (fd < 0) {
		int error = errno;
		log_error("log %s: %s%s", name_log(c), strerror(error),
			m->serving ? "; logging goes on where it was" : "");
		errno = error;
		return -1;
	}
	int before = m->log;
	take(m, c, fd);
	if (before >= 0)
		close(before);
	return 0;
}

void logfile_begin(struct master *m)
{
	const struct config none = { .log_format = LOG_TEXT };

	log_to(STDERR_FILENO);
	m->log_style = style_of(&none);
	log_in_style(&m->log_style);
}

void logfile_adopt(struct master *m, const struct config *c, int fd)
{
	log_limit((enum log_level)c->log_level);
	if (fd >= 0)
		take(m, c, fd);
}

int logfile_follow(struct master *m, const struct config *c)
{
	log_limit((enum log_level)c->log_level);
	if (change_log(m, c) < 0)
		return -1;
	handout(m);
	return 0;
}

int logfile_reopen(struct master *m)
{
	int result = m->serving ? change_log(m, m->serving->config) : -1;

	if (accesslogs_reopen(m) < 0)
		result = -1;
	handout(m);
	return result;
}
