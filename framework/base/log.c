/* SPDX-License-Identifier: MIT */
/*
 * log.c - one line on one descriptor with one write.
 *
 * A line is never longer than PIPE_BUF, so that lines of several processes on
 * one pipe do not mix.
 */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log_line.h"

enum { LOG_LINE = PIPE_BUF };

/* Three bytes may become one "?": who has more is cut for certain, and told so by "...". */
enum { LOG_MESSAGE = 3 * LOG_LINE };

static struct log_speaker speaker = { .who = "portico", .slot = -1 };
static struct log_style   style;
static int                log_fd = STDERR_FILENO;
static enum log_level     log_worst = LOG_INFO;
static struct log_place (*ask_place)(void *arg);
static void              *ask_arg;

/* ---- who and where ---- */

void log_as(const char *who)
{
	snprintf(speaker.who, sizeof(speaker.who), "%s", who);
	speaker.slot = -1;
	speaker.generation = 0;
}

void log_as_worker(unsigned slot, unsigned generation)
{
	log_as("worker");
	speaker.slot = (int)slot;
	speaker.generation = generation;
}

void log_to(int fd)
{
	log_fd = fd;
}

void log_in_style(const struct log_style *s)
{
	style = *s;
}

void log_limit(enum log_level worst)
{
	log_worst = worst;
}

void log_ask_place(struct log_place (*ask)(void *arg), void *arg)
{
	ask_place = ask;
	ask_arg = arg;
}

uint32_t log_style_number(const struct log_style *s)
{
	return (uint32_t)s->format | (uint32_t)s->frame << 8 | (uint32_t)s->facility << 16;
}

struct log_style log_style_of(uint32_t number)
{
	unsigned format = number & 0xff, frame = number >> 8 & 0xff;

	return (struct log_style){
		.format = format <= LOG_JSON ? (enum log_format)format : LOG_TEXT,
		.frame = frame <= LOG_SYSLOG ? (enum log_frame)frame : LOG_BARE,
		.facility = number >> 16,
	};
}

/* ---- writing ---- */

static bool syslogd_is_new(int error)
{
	return error == ECONNREFUSED || error == ENOTCONN || error == ECONNRESET || error == EPIPE;
}

/* Who listened was started anew: the socket, which all of us share, is led to it. */
static bool find_syslogd(void)
{
	static const struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = LOG_SYSLOG_AT };

	return style.frame == LOG_SYSLOG && syslogd_is_new(errno)
		&& connect(log_fd, (const struct sockaddr *)&at, sizeof(at)) == 0;
}

/* A datagram is not ended by a newline. */
static void put_out(const char *line, size_t len)
{
	bool once_more = true;

	if (style.frame == LOG_SYSLOG)
		len--;
	while (write(log_fd, line, len) < 0) {
		if (errno == EINTR)
			continue;
		if (!once_more || !find_syslogd())
			break;
		once_more = false;
	}
}

void log_say(enum log_level level, const struct log_place *place, const char *message)
{
	int saved = errno;
	char line[LOG_LINE];
	struct log_event event = { .level = level, .speaker = &speaker, .message = message };

	if (level > log_worst)
		return;
	speaker.pid = getpid();
	clock_gettime(CLOCK_REALTIME, &event.when);
	if (place)
		event.place = *place;
	else if (ask_place)
		event.place = ask_place(ask_arg);
	put_out(line, log_line_put(line, sizeof(line), &style, &event));
	errno = saved;
}

void log_vsay(enum log_level level, const struct log_place *place, const char *fmt, va_list args)
{
	int saved = errno;               /* fmt may say %m */
	char message[LOG_MESSAGE];

	if (level > log_worst)
		return;
	if (vsnprintf(message, sizeof(message), fmt, args) < 0)
		message[0] = '\0';
	log_say(level, place, message);
	errno = saved;
}

/* One verb a level. */
#define LOG_VERB(name, level)                                                \
	void name(const char *fmt, ...)                                      \
	{                                                                    \
		va_list args;                                                \
		va_start(args, fmt);                                         \
		log_vsay(level, NULL, fmt, args);                                      \
		va_end(args);                                                \
	}

LOG_VERB(log_error, LOG_ERROR)
LOG_VERB(log_warn, LOG_WARN)
LOG_VERB(log_info, LOG_INFO)
LOG_VERB(log_debug, LOG_DEBUG)
