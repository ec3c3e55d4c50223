/* SPDX-License-Identifier: MIT */
/*
 * log_line.h - a line of the log: who said what when, as text, logfmt or JSON.
 *
 *	2026-11-22T12:21:31.123Z info  worker 1: message
 *	time=2026-11-22T12:21:31.123Z level=info who=worker slot=1 generation=3 pid=4711
 *		service=web handler=/api msg="message"
 *	{"time":"2026-11-22T12:21:31.123Z","level":"info","who":"worker","slot":1,
 *		"generation":3,"pid":4711,"service":"web","handler":"/api","msg":"message"}
 *
 * (Each is one line.)  Pure, and safe in a signal handler: nothing is called here that could
 * wait for a lock.
 */
#ifndef PORTICO_BASE_LOG_LINE_H
#define PORTICO_BASE_LOG_LINE_H

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "base/log.h"

struct log_speaker {
	char     who[32];        /* "master", "worker" */
	int      slot;           /* -1: it has none */
	unsigned generation;     /* 0: none */
	pid_t    pid;
};

struct log_event {
	enum log_level            level;
	struct timespec           when;
	const struct log_speaker *speaker;
	struct log_place          place;
	const char               *message;
};

/* Writes it to line, with its newline and without a NUL, size bytes at most, of which there are
 * 512 at least; a message that is cut ends with "...".  Gives its length. */
size_t log_line_put(char *line, size_t size, const struct log_style *style,
	const struct log_event *event);

#endif
