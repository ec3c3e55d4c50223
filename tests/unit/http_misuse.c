/* SPDX-License-Identifier: MIT */
/*
 * http_misuse.c - handlers that fail, and handlers that ask for what cannot be:
 * the client gets a whole reply or sees that it is none.
 */
#include "http_rig.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "proto/http_request.h"

HTTP_SUITE(http_misuse);

/* ---- handlers that fail ---- */

static int nothing(struct portico_request *r)
{
	(void)r;
	return 0;
}

Test(http_misuse, a_handler_that_forgets_to_reply_gives_500)
{
	http.on_request = nothing;
	says(GET("/a") GET("/b"));
	hears(ERROR("500 Internal Server Error", "46", "the handler failed"));
	cr_assert(http.client.ended);
	rig_told("request/a done/a");
}

static ssize_t fail_in_body(struct portico_request *r, const char *data, size_t len)
{
	(void)r;
	(void)data;
	(void)len;
	return -1;
}

static ssize_t use_too_much(struct portico_request *r, const char *data, size_t len)
{
	(void)r;
	(void)data;
	return (ssize_t)len + 1;
}

Test(http_misuse, a_handler_that_fails_gives_500)
{
	rig.handler.plugin.http_begin = rig_begin;
	rig.handler.plugin.http_body = rig_body;
	http.on_request = fail;
	says(GET("/a"));
	hears(ERROR("500 Internal Server Error", "46", "the handler failed"));
	rig_told("begin/a request/a done/a");
	connect_again();
	http.on_body = fail_in_body;
	says(POST("/a", "3") "abc");
	hears(ERROR("500 Internal Server Error", "46", "the handler failed"));
	rig_told("begin/a body/a done/a");
	connect_again();
	http.on_body = use_too_much;
	says(CHUNKED("/a") "3\r\nabc\r\n0\r\n\r\n");
	hears(ERROR("500 Internal Server Error", "46", "the handler failed"));
	rig_told("begin/a body/a done/a");
	connect_again();
	http.on_begin = fail;
	says(POST("/a", "3") "abc");
	hears(ERROR("500 Internal Server Error", "46", "the handler failed"));
	rig_told("begin/a done/a");
}

static int begin_and_fail(struct portico_request *r)
{
	cr_assert_eq(portico_reply_begin(r, 200, 100), 0);
	cr_assert_eq(portico_reply_write(r, "abc", 3), 3);
	return -1;
}

Test(http_misuse, a_handler_that_fails_after_its_head_is_cut_off)
{
	struct client c;

	connect_tcp(&c);
	http.on_request = begin_and_fail;
	client_says(&c, GET("/a"));
	rig_turns(3);
	client_reads(&c);
	cr_assert(c.reset, "the client could take it for whole");
	rig_told("request/a done/a");
	client_fini(&c);
}

/* ---- what is refused ---- */

static int inject(struct portico_request *r)
{
	static const char *const bad[][2] = {
		{ "X-A", "b\r\nX-C: d" }, { "X-A", "b\n" }, { "X-A", "b\r" }, { "X-A", "\x01" },
		{ "X-A", "\x7f" }, { "X A", "b" }, { "X-A:", "b" }, { "X\r\nY", "b" }, { "", "b" },
		{ "X-\xc3\xa4", "b" }, { "Connection", "close" }, { "content-length", "5" },
		{ "TRANSFER-ENCODING", "chunked" }, { "Date", "now" }, { "Upgrade", "h2c" },
		{ "Keep-Alive", "1" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		errno = 0;
		cr_assert_eq(portico_reply_header(r, bad[i][0], bad[i][1]), -1, "%s: %s",
			bad[i][0], bad[i][1]);
		cr_assert_eq(errno, EINVAL);
	}
	cr_assert_eq(portico_reply(r, 200, "text/plain\r\nX: y", "", 0), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(portico_reply_header(r, "X-Good", "a\tb \xc3\xa4"), 0);
	cr_assert_eq(portico_reply_header(r, "content-type", "text/html"), 0);
	cr_assert_eq(portico_reply(r, 200, "text/plain", "", 0), -1, "two content types");
	cr_assert_eq(errno, EINVAL);
	return portico_reply(r, 200, NULL, "x", 1);
}

Test(http_misuse, a_handler_cannot_inject_headers)
{
	http.on_request = inject;
	says(GET("/a"));
	hears("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nX-Good: a\tb \xc3\xa4\r\n"
		"content-type: text/html\r\n\r\nx");
}

static bool may_stand(char c, bool in_name)
{
	if (in_name)
		return isalnum((unsigned char)c) || strchr("!#$%&'*+-.^_`|~", c);
	return c == '\t' || (c & 0x80) || (c >= ' ' && c != 0x7f);
}

/* One byte in a name or a value of that length, wherever it is looked at many at a time. */
static void try_bytes(struct portico_request *r, size_t len, size_t at, bool in_name)
{
	char text[64] = "";

	memset(text, 'a', len);
	for (int c = 1; c < 256; c++) {
		text[at] = (char)c;
		int result = portico_reply_header(r, in_name ? text : "X", in_name ? "v" : text);
		cr_assert_eq(result, may_stand((char)c, in_name) ? 0 : -1, "%#x at %zu of %zu in a %s", c,
			at, len, in_name ? "name" : "value");
		r->headers.end = r->headers.start;
	}
}

static int try_all_bytes(struct portico_request *r)
{
	for (size_t len = 1; len < 40; len++)
		for (size_t at = 0; at < len; at++) {
			try_bytes(r, len, at, true);
			try_bytes(r, len, at, false);
		}
	return portico_reply(r, 200, NULL, "x", 1);
}

Test(http_misuse, each_byte_of_a_header_is_looked_at)
{
	http.on_request = try_all_bytes;
	says(GET("/a"));
	hears("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
}

static int misuse(struct portico_request *r)
{
	static const int statuses[] = { 0, 100, 199, 600, -200 };

	for (size_t i = 0; i < sizeof(statuses) / sizeof(*statuses); i++) {
		cr_assert_eq(portico_reply(r, statuses[i], NULL, "", 0), -1);
		cr_assert_eq(errno, EINVAL);
	}
	cr_assert_eq(portico_reply_begin(r, 200, -2), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(portico_reply_write(r, "x", 1), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(portico_reply_end(r), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(portico_conn_write(portico_request_conn(r), "x", 1), -1);
	cr_assert_eq(errno, EOPNOTSUPP);
	cr_assert_eq(portico_reply_begin(r, 200, 3), 0);
	cr_assert_eq(portico_reply_header(r, "X-A", "b"), -1);
	cr_assert_eq(errno, EALREADY);
	cr_assert_eq(portico_reply_text(r, 200, "again"), -1);
	cr_assert_eq(errno, EALREADY);
	cr_assert_eq(portico_reply_write(r, "abcd", 4), -1);
	cr_assert_eq(errno, EMSGSIZE);
	cr_assert_eq(portico_reply_write(r, "abc", 3), 3);
	cr_assert_eq(portico_reply_end(r), 0);
	cr_assert_eq(portico_reply_end(r), -1);
	cr_assert_eq(errno, EALREADY);
	cr_assert_eq(portico_reply_write(r, "", 0), -1);
	cr_assert_eq(errno, EALREADY);
	return 0;
}

Test(http_misuse, misuse_is_refused_and_leaves_the_reply_whole)
{
	http.on_request = misuse;
	says(GET("/a") GET("/b"));
	hears("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
}

static int end_too_early(struct portico_request *r)
{
	cr_assert_eq(portico_reply_begin(r, 200, 10), 0);
	cr_assert_eq(portico_reply_write(r, "abc", 3), 3);
	cr_assert_eq(portico_reply_end(r), -1);
	cr_assert_eq(errno, EMSGSIZE);
	return 0;
}

Test(http_misuse, a_reply_shorter_than_announced_is_cut_with_a_reset)
{
	struct client c;

	connect_tcp(&c);
	http.on_request = end_too_early;
	client_says(&c, GET("/a"));
	rig_turns(3);
	client_reads(&c);
	cr_assert(c.reset);
	client_fini(&c);
}

/* ---- bugs that were ---- */

static ssize_t begin_and_fail_in_body(struct portico_request *r, const char *data, size_t len)
{
	(void)data;
	(void)len;
	cr_assert_eq(portico_reply_begin(r, 200, PORTICO_CHUNKED), 0);
	return -1;
}

Test(http_misuse, request_does_not_come_after_the_body_failed)
{
	rig.handler.plugin.http_body = rig_body;
	http.on_body = begin_and_fail_in_body;
	says(POST("/a", "3") "abc");
	client_is_cut(&http.client);
	rig_told("body/a done/a");
	connect_again();
	says(CHUNKED("/a") "3\r\nabc\r\n0\r\n\r\n");
	client_is_cut(&http.client);
	rig_told("body/a done/a");
}
