/* SPDX-License-Identifier: MIT */
/*
 * log.h - one line on one descriptor with one write.
 *
 * The descriptor is standard error until log_to() names another.  A line
 * says when (UTC), how bad, who, what.  Never fails, never blocks for memory.
 */
#ifndef PORTICO_BASE_LOG_H
#define PORTICO_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/* Who speaks in this process: "master", "worker 1".  Copied. */
void log_as(const char *who);
void log_to(int fd);                  /* borrowed: the caller keeps it open */
void log_limit(enum log_level worst); /* what is less important is not
                                       * written; LOG_INFO until called */

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
