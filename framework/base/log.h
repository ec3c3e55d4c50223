/* SPDX-License-Identifier: MIT */
/*
 * log.h - one line on one descriptor with one write.
 *
 * The descriptor is standard error until log_to() names another.  A line
 * says when (UTC), how bad, who, what.  Never fails, never blocks for memory, nor
 * for who reads a pipe or a socket: what finds no room there is lost, and "3 lines were not written" told
 * with the next line.
 */
#ifndef PORTICO_BASE_LOG_H
#define PORTICO_BASE_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#define LOG_SYSLOG_AT "/dev/log"      /* where syslogd listens */

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_LOGFMT, LOG_JSON };

enum log_frame {                      /* what is in front of a line: who reads it wants */
	LOG_BARE,                     /* nothing; the line tells the time */
	LOG_JOURNAL,                  /* its priority, <3>, as sd-daemon(3) says */
	LOG_SYSLOG,                   /* a datagram for syslogd: <27>portico[4711]: */
};

struct log_style {
	enum log_format format;
	enum log_frame  frame;
	unsigned        facility;     /* SYSLOG: as syslog(3) numbers them, from 0 */
};

/* For another process; back, what it does not know is as if it were 0. */
uint32_t         log_style_number(const struct log_style *style);
struct log_style log_style_of(uint32_t number);

/* Who speaks in this process: "master"; a worker.  Copied. */
void log_as(const char *who);
void log_as_worker(unsigned slot, unsigned generation);
void log_to(int fd);                  /* borrowed: the caller keeps it open */
void log_in_style(const struct log_style *style);      /* as text and bare until called */
void log_limit(enum log_level worst); /* what is less important is not
                                       * written; LOG_INFO until called */

/* What a line is about, where that is known. */
struct log_place {
	const char *service;          /* NULL: nothing is known */
	const char *handler;          /* its prefix; "" without one */
	bool        named;            /* plain text names it, too */
};

/* Asks it at each line from now on; NULL: nobody. */
void log_ask_place(struct log_place (*ask)(void *arg), void *arg);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2), cold));

/* As vprintf(3); place as below. */
void log_vsay(enum log_level level, const struct log_place *place, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

/* A message as it is, also from a signal handler; place NULL: who was set is asked. */
void log_say(enum log_level level, const struct log_place *place, const char *message);

#endif
