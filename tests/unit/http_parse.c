/* SPDX-License-Identifier: MIT */
/*
 * http_parse.c - what each accepted kind of head is said to hold; http_cases.c has
 * what is accepted, and what is not.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/http_parse.h"

static const struct http_limits wide = { 8192, 65536, HTTP_MAX_FIELDS };

static ssize_t parse(struct http_head *h, const char *text)
{
	http_head_init(h);
	return http_head_parse(h, text, strlen(text), &wide);
}

static void is(const char *text, struct http_slice slice, const char *want)
{
	cr_assert(slice.len == strlen(want) && memcmp(text + slice.at, want, slice.len) == 0,
		"\"%.*s\" is not \"%s\"", (int)slice.len, text + slice.at, want);
}

Test(http_parse, a_request_is_cut_into_its_parts)
{
	const char *text = "\r\nPOST /a/b?c=d?e HTTP/1.1\r\nHost: x.y:80\r\nA:  b\t c \r\n"
		"Content-Length: 42\r\n\r\nrest";
	struct http_head h;

	cr_assert_eq(parse(&h, text), (ssize_t)strlen(text) - 4);
	is(text, h.method, "POST");
	is(text, h.target, "/a/b?c=d?e");
	is(text, h.path, "/a/b");
	is(text, h.query, "c=d?e");
	is(text, h.host, "x.y:80");
	cr_assert(h.has_query);
	cr_assert_eq(h.form, HTTP_ORIGIN);
	cr_assert_eq(h.minor, 1);
	cr_assert_eq(h.length, 42);
	cr_assert_eq(h.field_count, 3);
	is(text, h.fields[1].name, "A");
	is(text, h.fields[1].value, "b\t c");
}

Test(http_parse, no_query_and_an_empty_query_differ)
{
	struct http_head h;

	cr_assert_gt(parse(&h, "GET /a HTTP/1.0\r\n\r\n"), 0);
	cr_assert(!h.has_query);
	cr_assert_gt(parse(&h, "GET /a? HTTP/1.0\r\n\r\n"), 0);
	cr_assert(h.has_query);
	cr_assert_eq(h.query.len, 0);
}

Test(http_parse, an_absolute_target_has_the_host)
{
	const char *text = "GET http://b:81/c?d HTTP/1.1\r\nHost: B:81\r\n\r\n";
	struct http_head h;

	cr_assert_gt(parse(&h, text), 0);
	cr_assert_eq(h.form, HTTP_ABSOLUTE);
	is(text, h.host, "b:81");
	is(text, h.path, "/c");
	is(text, h.query, "d");
}

Test(http_parse, an_absolute_target_may_have_an_empty_path)
{
	const char *text = "GET https://b?d HTTP/1.0\r\n\r\n";
	struct http_head h;

	cr_assert_gt(parse(&h, text), 0);
	is(text, h.host, "b");
	is(text, h.path, "");
	is(text, h.query, "d");
}

Test(http_parse, forms_without_a_path_leave_it_empty)
{
	struct http_head h;

	cr_assert_gt(parse(&h, "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"), 0);
	cr_assert_eq(h.form, HTTP_AUTHORITY);
	cr_assert_eq(h.path.len, 0);
	cr_assert_gt(parse(&h, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
	cr_assert_eq(h.form, HTTP_ASTERISK);
	cr_assert_eq(h.path.len, 0);
}

Test(http_parse, there_is_a_length_only_if_it_was_sent)
{
	struct http_head h;

	cr_assert_gt(parse(&h, "GET / HTTP/1.0\r\n\r\n"), 0);
	cr_assert_eq(h.length, -1);
	cr_assert_gt(parse(&h, "GET / HTTP/1.0\r\ncontent-length: 0009223372036854775807\r\n\r\n"), 0);
	cr_assert_eq(h.length, INT64_MAX);
	cr_assert(!h.chunked);
	cr_assert_gt(parse(&h, "GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"), 0);
	cr_assert_eq(h.length, -1);
	cr_assert(h.chunked);
}

static bool keeps(const char *version, const char *connection)
{
	struct http_head h;
	char text[200];

	snprintf(text, sizeof(text), "GET / %s\r\nHost: a\r\n%s\r\n", version, connection);
	cr_assert_gt(parse(&h, text), 0);
	return h.keep_alive;
}

Test(http_parse, version_and_Connection_decide_keep_alive)
{
	cr_assert(keeps("HTTP/1.1", ""));
	cr_assert(keeps("HTTP/1.7", ""));
	cr_assert(!keeps("HTTP/1.0", ""));
	cr_assert(!keeps("HTTP/1.1", "Connection: close\r\n"));
	cr_assert(!keeps("HTTP/1.1", "Connection: upgrade , CLOSE\r\n"));
	cr_assert(keeps("HTTP/1.1", "Connection: closed, xclose, clos\r\n"));
	cr_assert(keeps("HTTP/1.0", "connection: Keep-Alive\r\n"));
	cr_assert(!keeps("HTTP/1.0", "Connection: a\r\n"));
}

Test(http_parse, close_wins_over_keep_alive)
{
	cr_assert(!keeps("HTTP/1.1", "Connection: close, keep-alive\r\n"));
	cr_assert(!keeps("HTTP/1.0", "Connection: keep-alive\r\nConnection: close\r\n"));
}

static bool expects(const char *version, const char *value)
{
	struct http_head h;
	char text[200];

	snprintf(text, sizeof(text), "GET / %s\r\nHost: a\r\nExpect: %s\r\n\r\n", version, value);
	cr_assert_gt(parse(&h, text), 0);
	return h.expect_continue;
}

Test(http_parse, only_100_continue_from_1_1_is_an_expectation)
{
	cr_assert(expects("HTTP/1.1", "100-continue"));
	cr_assert(expects("HTTP/1.1", "100-Continue"));
	cr_assert(!expects("HTTP/1.0", "100-continue"));
	cr_assert(!expects("HTTP/1.1", "100-continued"));
	cr_assert(!expects("HTTP/1.1", ""));
}

Test(http_parse, find_gives_the_first_of_a_name_without_case)
{
	const char *text = "GET / HTTP/1.0\r\nA^b: 1\r\na~B: 2\r\nA~b: 3\r\n\r\n";
	struct http_head h;

	cr_assert_gt(parse(&h, text), 0);
	is(text, http_head_find(&h, text, "A~B")->value, "2");
	is(text, http_head_find(&h, text, "a^B")->value, "1");
	cr_assert_null(http_head_find(&h, text, "a"));
	cr_assert_null(http_head_find(&h, text, ""));
}

Test(http_parse, garbage_is_refused_at_its_first_byte)
{
	struct http_head h;

	cr_assert_eq(parse(&h, "\x16"), -1);
	cr_assert_eq(h.status, 400);
	cr_assert_eq(parse(&h, "GET /\x01"), -1);
	cr_assert_eq(parse(&h, "GET / HTTPS"), -1);
	cr_assert_eq(parse(&h, "GET / HTTP/1.1\r\nA b"), -1);
}

Test(http_parse, a_result_stays_what_it_is)
{
	const char *good = "GET / HTTP/1.0\r\n\r\nGET";
	struct http_head h;

	cr_assert_eq(parse(&h, good), 18);
	cr_assert_eq(http_head_parse(&h, good, strlen(good), &wide), 18);
	cr_assert_eq(parse(&h, "\n"), -1);
	cr_assert_eq(http_head_parse(&h, "\nGET", 4, &wide), -1);
	cr_assert_eq(h.status, 400);
}

Test(http_parse, an_unfinished_head_is_no_error)
{
	struct http_head h;

	cr_assert_eq(parse(&h, ""), 0);
	cr_assert_eq(parse(&h, "\r"), 0);
	cr_assert_eq(parse(&h, "GET / HTTP/1.1\r\nHost: a\r\n\r"), 0);
	cr_assert_eq(h.status, 0);
}

Test(http_parse, no_limit_lets_more_fields_in_than_there_is_room_for)
{
	const struct http_limits mad = { 8192, 65536, UINT32_MAX };
	char text[2000] = "GET / HTTP/1.0\r\n";
	struct http_head h;

	for (int i = 0; i <= HTTP_MAX_FIELDS; i++)
		strcat(text, "a:b\r\n");
	http_head_init(&h);
	cr_assert_eq(http_head_parse(&h, text, strlen(text), &mad), -1);
	cr_assert_eq(h.status, 431);
	cr_assert_eq(h.field_count, HTTP_MAX_FIELDS);
}

Test(http_parse, a_target_that_fills_the_head_is_too_long_a_target)
{
	const struct http_limits odd = { 1000, 20, 10 };
	struct http_head h;

	http_head_init(&h);
	cr_assert_eq(http_head_parse(&h, "GET /45678901234567890", 20, &odd), -1);
	cr_assert_eq(h.status, 414);
}

/* Any byte but VCHAR, obs-text, SP and HTAB, at every place of a long value. */
Test(http_parse, a_bad_byte_is_seen_wherever_it_stands_in_a_value)
{
	for (size_t at = 0; at < 40; at++) {
		for (int c = 0; c < 256; c++) {
			char text[] = "GET / HTTP/1.0\r\nA:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n\r\n";
			bool good = c == '\t' || (c >= 0x20 && c != 0x7f);
			struct http_head h;
			ssize_t got;

			text[18 + at] = (char)c;
			http_head_init(&h);
			got = http_head_parse(&h, text, sizeof(text) - 1, &wide);
			cr_assert_eq(got, good ? (ssize_t)sizeof(text) - 1 : -1,
				"byte %d at %zu: %zd", c, at, got);
		}
	}
}

/* The same for names and targets, against the RFC's own lists. */
static bool accepts_at(char *text, size_t at, int c)
{
	struct http_head h;
	char was = text[at];
	ssize_t got;

	text[at] = (char)c;
	http_head_init(&h);
	got = http_head_parse(&h, text, strlen(text) + (c == 0 ? 1 : 0), &wide);
	text[at] = was;
	return got > 0;
}

static bool listed(int c, const char *signs)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z' && c < 128) ||
		(c != 0 && strchr(signs, c) != NULL);
}

Test(http_parse, names_and_paths_hold_what_the_RFCs_list)
{
	char name[] = "GET / HTTP/1.0\r\nxxxxxxxxxxxxxxxxxxxxxxxx: a\r\n\r\n";
	char path[] = "GET /xxxxxxxxxxxxxxxxxxxxxxxx HTTP/1.0\r\n\r\n";

	for (size_t i = 0; i < 20; i++)
		for (int c = 0; c < 256; c++) {
			bool in_name = listed(c, "!#$%&'*+-.^_`|~") || (i > 0 && c == ':');

			cr_assert_eq(accepts_at(name, 16 + i, c), in_name, "name: %d at %zu", c, i);
			cr_assert_eq(accepts_at(path, 5 + i, c), listed(c, "-._~!$&'()*+,;=:@%/?"),
				"path: %d at %zu", c, i);
		}
}
