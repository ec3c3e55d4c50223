/* SPDX-License-Identifier: MIT */
/*
 * log.c - one line on one descriptor with one write.
 *
 *	2026-11-22T12:21:31.123Z info  master: message
 *
 * A line is never longer than PIPE_BUF, so that lines of several processes on
 * one pipe do not mix.  What is said may come from a client or a file:
 * control characters are replaced, so that nobody can forge a second line or
 * speak to the terminal.
 */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOG_LINE = PIPE_BUF, LOG_WHO = 48 };

static char           who_speaks[LOG_WHO] = "portico";
static int            log_fd = STDERR_FILENO;
static enum log_level log_worst = LOG_INFO;

void log_as(const char *who)
{
	snprintf(who_speaks, sizeof(who_speaks), "%s", who);
}

void log_to(int fd)
{
	log_fd = fd;
}

void log_limit(enum log_level worst)
{
	log_worst = worst;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_ERROR:
		return "error";
	case LOG_WARN:
		return "warn";
	case LOG_INFO:
		return "info";
	case LOG_DEBUG:
		return "debug";
	}
	return "?";
}

/* Writes the time, the level and who at the start of line; gives their length. */
static size_t put_head(char *line, size_t room, enum log_level level)
{
	struct timespec now = {0};
	struct tm utc = {0};

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	size_t len = strftime(line, room, "%Y-%m-%dT%H:%M:%S", &utc);
	int more = snprintf(line + len, room - len, ".%03ldZ %-5s %s: ", now.tv_nsec / 1000000,
		level_name(level), who_speaks);
	return more > 0 ? len + (size_t)more : len;
}

/* C0 and DEL, and the C1 controls in the form that UTF-8 gives them. */
static void replace_controls(char *s)
{
	for (unsigned char *p = (unsigned char *)s; *p != '\0'; p++) {
		if (*p < ' ' || *p == 0x7f) {
			*p = '?';
		} else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f) {
			p[0] = '?';
			p[1] = '?';
		}
	}
}

static void __attribute__((format(printf, 2, 0)))
say(enum log_level level, const char *fmt, va_list args)
{
	int saved = errno;
	char line[LOG_LINE + 1];

	if (level > log_worst)
		return;
	size_t head = put_head(line, LOG_LINE, level);
	size_t room = LOG_LINE - head;   /* for the message and its newline */
	errno = saved;                   /* fmt may say %m */
	int len = vsnprintf(line + head, room, fmt, args);
	if (len < 0)
		line[head] = '\0';
	else if ((size_t)len >= room)
		memcpy(line + LOG_LINE - 4, "...", 4);
	replace_controls(line);
	size_t end = strlen(line);
	line[end++] = '\n';
	while (write(log_fd, line, end) < 0 && errno == EINTR)
		;
	errno = saved;
}

/* One verb a level. */
#define LOG_VERB(name, level)                                                \
	void name(const char *fmt, ...)                                      \
	{                                                                    \
		va_list args;                                                \
		va_start(args, fmt);                                         \
		say(level, fmt, args);                                       \
		va_end(args);                                                \
	}

LOG_VERB(log_error, LOG_ERROR)
LOG_VERB(log_warn, LOG_WARN)
LOG_VERB(log_info, LOG_INFO)
LOG_VERB(log_debug, LOG_DEBUG)
