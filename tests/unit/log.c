/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log_line.h"

static int out;
static char line[8192];

static void catch_log(void)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	out = ends[0];
	log_to(ends[1]);
	log_as("tester");
}

static const char *read_line(void)
{
	ssize_t n = read(out, line, sizeof(line) - 1);

	cr_assert_gt(n, 0);
	line[n] = '\0';
	return line;
}

TestSuite(log, .init = catch_log);

Test(log, says_when_how_bad_who_and_what)
{
	log_warn("%d of %s", 3, "them");
	read_line();
	cr_assert_eq(line[4], '-');
	cr_assert_eq(line[10], 'T');
	cr_assert_eq(line[23], 'Z');
	cr_assert_str_eq(line + 25, "warn  tester: 3 of them\n");
}

Test(log, cannot_be_made_to_forge_a_line)
{
	log_info("GET /\n2026-01-01T00:00:00.000Z error master: \033[31mhacked\r");
	read_line();
	cr_assert_eq(strchr(line, '\n'), line + strlen(line) - 1);
	cr_assert_null(strchr(line, '\033'));
	cr_assert_null(strchr(line, '\r'));
}

Test(log, cuts_what_is_too_long_and_ends_the_line)
{
	char text[8000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("%s", text);
	read_line();
	cr_assert_leq(strlen(line), 4096);
	cr_assert_str_eq(line + strlen(line) - 4, "...\n");
}

Test(log, leaves_out_what_is_less_important_than_the_limit)
{
	log_debug("not this");
	log_limit(LOG_ERROR);
	log_warn("nor this");
	log_error("but this");
	cr_assert_not_null(strstr(read_line(), "but this"));
}

Test(log, leaves_errno_alone)
{
	errno = EXDEV;
	log_error("x");
	cr_assert_eq(errno, EXDEV);
}

/* ---- for programs ---- */

#define NASTY "a \"b\" \\ c\n\x1b[31m \xc3\xa9 \xff \xc2\x9b"

static struct log_place in_api(void *arg)
{
	return (struct log_place){ .service = "web", .handler = arg };
}

static void in_style(enum log_format format, enum log_frame frame)
{
	const struct log_style style = { .format = format, .frame = frame, .facility = 3 };

	log_in_style(&style);
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

Test(log, json_has_every_field_and_is_json_whatever_is_said)
{
	in_style(LOG_JSON, LOG_BARE);
	log_as_worker(3, 7);
	log_ask_place(in_api, "/api");
	log_error("%s", NASTY);
	json_t *o = json_loads(read_line(), 0, NULL);
	cr_assert_not_null(o, "%s", line);
	cr_assert_eq(strlen(text_of(o, "time")), 24);
	cr_assert_str_eq(text_of(o, "level"), "error");
	cr_assert_str_eq(text_of(o, "who"), "worker");
	cr_assert_eq(json_integer_value(json_object_get(o, "slot")), 3);
	cr_assert_eq(json_integer_value(json_object_get(o, "generation")), 7);
	cr_assert_eq(json_integer_value(json_object_get(o, "pid")), getpid());
	cr_assert_str_eq(text_of(o, "service"), "web");
	cr_assert_str_eq(text_of(o, "handler"), "/api");
	cr_assert_str_eq(text_of(o, "msg"), "a \"b\" \\ c\n\x1b[31m \xc3\xa9 \\xff \xc2\x9b");
	cr_assert_eq(strchr(line, '\n'), line + strlen(line) - 1, "one line");
	cr_assert_null(strchr(line, '\033'), "nothing speaks to a terminal");
	json_decref(o);
}

Test(log, logfmt_quotes_what_is_no_word)
{
	char expected[256];

	in_style(LOG_LOGFMT, LOG_JOURNAL);
	log_ask_place(in_api, "/a b");
	log_info("a=1 \"b\"\n");
	snprintf(expected, sizeof(expected), "<6>level=info who=tester pid=%d service=web "
		"handler=\"/a b\" msg=\"a=1 \\\"b\\\"\\u000a\"\n", (int)getpid());
	cr_assert_str_eq(read_line(), expected);
	log_ask_place(NULL, NULL);
	log_info("word");
	snprintf(expected, sizeof(expected), "<6>level=info who=tester pid=%d msg=word\n", (int)getpid());
	cr_assert_str_eq(read_line(), expected);
}

Test(log, the_journal_gets_a_priority_and_no_time)
{
	in_style(LOG_TEXT, LOG_JOURNAL);
	log_error("down");
	cr_assert_str_eq(read_line(), "<3>error tester: down\n");
	log_limit(LOG_DEBUG);
	log_debug("detail");
	cr_assert_str_eq(read_line(), "<7>debug tester: detail\n");
}

Test(log, syslogd_gets_facility_tag_and_pid)
{
	char expected[128];

	in_style(LOG_TEXT, LOG_SYSLOG);
	log_warn("so");
	snprintf(expected, sizeof(expected), "<28>portico[%d]: warn  tester: so", (int)getpid());
	cr_assert_str_eq(read_line(), expected);
}

Test(log, a_long_message_is_cut_and_still_json)
{
	char text[8000];

	memset(text, '"', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	in_style(LOG_JSON, LOG_JOURNAL);
	log_ask_place(in_api, text);
	log_info("%s", text);
	cr_assert_leq(strlen(read_line()), 4096);
	json_t *o = json_loads(line + 3, 0, NULL);
	cr_assert_not_null(o, "%s", line);
	const char *said = text_of(o, "msg");
	cr_assert_str_eq(said + strlen(said) - 4, "\"...");
	json_decref(o);
}

Test(log, text_shows_no_broken_utf8)
{
	log_info("%s", NASTY);
	cr_assert_str_eq(strstr(read_line(), "tester: "),
		"tester: a \"b\" \\ c??[31m \xc3\xa9 ? ?\n");
}

Test(log, text_is_not_turned_round)
{
	log_info("a\xe2\x80\xae" "b");
	cr_assert_str_eq(strstr(read_line(), "tester: "), "tester: a?b\n");
}

/* Also what becomes shorter on its way. */
Test(log, what_is_cut_ends_with_dots)
{
	static char said[16000];

	memset(said, 'x', 8000);
	for (size_t len = 4000; len < 8000; len += 3999) {
		said[len] = '\0';
		log_info("%s", said);
		cr_assert_eq(strcmp(read_line() + strlen(line) - 4, "...\n") == 0, len > 4000, "%zu", len);
		said[len] = 'x';
	}
	for (size_t i = 0; i < 5000; i++)
		memcpy(said + 3 * i, "\xe2\x80\xae", 3);
	said[15000] = '\0';
	log_info("%s", said);
	cr_assert_str_eq(read_line() + strlen(line) - 5, "?...\n");
}

Test(log, the_time_is_that_of_the_calendar)
{
	static const struct { time_t at; const char *text; } days[] = {
		{ 0, "1970-01-01T00:00:00" }, { 951782399, "2000-02-28T23:59:59" },
		{ 951782400, "2000-02-29T00:00:00" }, { 1709251199, "2024-02-29T23:59:59" },
		{ 4107542400, "2100-03-01T00:00:00" }, { 1795373124, "2026-11-22T18:45:24" },
	};
	const struct log_speaker who = { .who = "x", .slot = -1 };
	const struct log_style style = { .format = LOG_TEXT };

	for (size_t i = 0; i < sizeof(days) / sizeof(*days); i++) {
		struct log_event e = { .when.tv_sec = days[i].at, .speaker = &who, .message = "" };
		log_line_put(line, sizeof(line), &style, &e);
		cr_assert_eq(strncmp(line, days[i].text, 19), 0, "%.24s is not %s", line, days[i].text);
	}
}

/* Says lines until one finds no room; that many were written. */
static unsigned say_until_full(int fd)
{
	unsigned said = 0;
	struct pollfd room = { .fd = fd, .events = POLLOUT };

	for (; poll(&room, 1, 0) == 1; said++)
		log_info("line %u", said);
	return said;
}

static void expect_no_wait(int to, int from)
{
	log_to(to);
	out = from;
	unsigned said = say_until_full(to);
	for (unsigned i = 0; i < 3; i++)
		log_info("lost");
	cr_assert_eq(fcntl(to, F_GETFL) & O_NONBLOCK, 0);
	cr_assert_eq(fcntl(from, F_SETFL, O_NONBLOCK), 0);
	while (read(from, line, sizeof(line)) > 0)
		;
	log_info("again");
	ssize_t n = read(from, line, sizeof(line) - 1);
	cr_assert_gt(n, 0);
	line[n] = '\0';
	cr_assert(strstr(line, "warn  tester: 3 lines were not written\n"), "%s", line);
	cr_assert(strstr(line, "info  tester: again\n"), "%s", line);
	cr_assert_null(strstr(line, "lost"));
	cr_assert_gt(said, 10);
}

Test(log, waits_for_no_reader_of_a_pipe_and_counts, .timeout = 20)
{
	int ends[2];

	cr_assert_eq(pipe(ends), 0);
	expect_no_wait(ends[1], ends[0]);
}

Test(log, waits_for_no_reader_of_a_socket_and_counts, .timeout = 20)
{
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	expect_no_wait(ends[1], ends[0]);
}

static void limit_files_to(rlim_t bytes)
{
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ bytes, RLIM_INFINITY }), 0);
}

/* As on a disk that is full in the middle of a line. */
Test(log, half_a_line_is_none_and_the_next_begins_anew)
{
	char name[] = "/tmp/portico-log-XXXXXX";
	int fd = mkostemp(name, O_APPEND | O_CLOEXEC);

	cr_assert_geq(fd, 0);
	unlink(name);
	signal(SIGXFSZ, SIG_IGN);
	log_to(fd);
	limit_files_to(40);
	log_info("half of this");
	log_info("nothing of this");
	limit_files_to(RLIM_INFINITY);
	log_info("all of this");
	log_to(STDERR_FILENO);
	ssize_t n = pread(fd, line, sizeof(line) - 1, 0);
	cr_assert_gt(n, 40);
	line[n] = '\0';
	cr_assert_eq(line[40], '\n', "%s", line);
	cr_assert_eq(strncmp(line + 41 + 25, "warn  tester: 2 lines were not written\n", 39), 0, "%s", line);
	cr_assert_not_null(strstr(line, "info  tester: all of this\n"), "%s", line);
	close(fd);
}

Test(log, a_style_comes_back_from_its_number)
{
	const struct log_style style = { .format = LOG_JSON, .frame = LOG_SYSLOG, .facility = 23 };
	struct log_style back = log_style_of(log_style_number(&style));

	cr_assert_eq(back.format, LOG_JSON);
	cr_assert_eq(back.frame, LOG_SYSLOG);
	cr_assert_eq(back.facility, 23);
	back = log_style_of(0x0909);
	cr_assert_eq(back.format, LOG_TEXT);
	cr_assert_eq(back.frame, LOG_BARE);
}
