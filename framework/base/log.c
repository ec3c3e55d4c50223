/* SPDX-License-Identifier: MIT */
/*
 * log.c - one line on one descriptor with one write.
 *
 * A line is never longer than PIPE_BUF, so that lines of several processes on
 * one pipe do not mix.  Nobody waits for who reads a pipe or a socket: a line that finds no room is
 * counted, and the next one that does is told behind how many.
 *
 * The descriptor's own O_NONBLOCK is not ours to set: others share it, a shell for one.
 */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/jot.h"
#include "base/log_line.h"

enum { LOG_LINE = PIPE_BUF, LOG_SHORT = 512 };

/* Three bytes may become one "?": who has more is cut for certain, and told so by "...". */
enum { LOG_MESSAGE = 3 * LOG_LINE };

static struct log_speaker speaker = { .who = "portico", .slot = -1 };
static struct log_style   style;
static int                log_fd = STDERR_FILENO;
static bool               reader_may_sleep;
static atomic_ullong      unwritten;     /* lines, since the last that was */
static atomic_bool        halfway;       /* in a line: there was no room for the rest */
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
	struct stat file;

	log_fd = fd;
	atomic_store(&halfway, false);
	reader_may_sleep = fstat(fd, &file) == 0 && (S_ISFIFO(file.st_mode) || S_ISSOCK(file.st_mode));
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

/* Room may be gone between the question and the write: of pipes RWF_NOWAIT is taken since Linux 6.5. */
static ssize_t put_without_waiting(const char *line, size_t len)
{
	struct pollfd room = { .fd = log_fd, .events = POLLOUT };
	struct iovec whole = { .iov_base = (void *)line, .iov_len = len };

	if (poll(&room, 1, 0) == 0) {
		errno = EAGAIN;
		return -1;
	}
	ssize_t n = pwritev2(log_fd, &whole, 1, -1, RWF_NOWAIT);
	return n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS) ? write(log_fd, line, len) : n;
}

/* The journal is waited for, as by all its clients; syslogd's socket is our own and never waits. */
static ssize_t put_once(const char *line, size_t len)
{
	return reader_may_sleep && style.frame == LOG_BARE
		? put_without_waiting(line, len) : write(log_fd, line, len);
}

/* The next line is one of its own. */
static bool end_half_a_line(void)
{
	if (put_once("\n", 1) != 1)
		return false;
	atomic_store(&halfway, false);
	return true;
}

/* A datagram is not ended by a newline. */
static bool put_out(const char *line, size_t len)
{
	bool once_more = true;
	ssize_t n;

	if (atomic_load(&halfway) && !end_half_a_line())
		return false;
	if (style.frame == LOG_SYSLOG)
		len--;
	while ((n = put_once(line, len)) < 0) {
		if (errno == EINTR)
			continue;
		if (!once_more || !find_syslogd())
			return false;
		once_more = false;
	}
	atomic_store(&halfway, (size_t)n < len);
	return (size_t)n == len;
}

static void tell_unwritten(struct log_event event)
{
	unsigned long long lines = atomic_exchange(&unwritten, 0);
	char message[64], line[LOG_SHORT];
	struct jot j = { .at = message, .end = message + sizeof(message) - 1 };

	jot_number(&j, lines, 1);
	jot_text(&j, lines == 1 ? " line was not written" : " lines were not written");
	*j.at = '\0';
	event.level = LOG_WARN;
	event.place = (struct log_place){0};
	event.message = message;
	if (!put_out(line, log_line_put(line, sizeof(line), &style, &event)))
		atomic_fetch_add(&unwritten, lines);
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
	if (atomic_load(&unwritten) > 0)
		tell_unwritten(event);
	if (!put_out(line, log_line_put(line, sizeof(line), &style, &event)))
		atomic_fetch_add(&unwritten, 1);
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
