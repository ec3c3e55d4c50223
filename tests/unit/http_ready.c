/* SPDX-License-Identifier: MIT */
/* http_ready.c - proto/http_ready.c: what is kept is never told of another reply. */
#include "proto/http_ready.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SERVER "Server: portico/test\r\n"
#define DATE_0 "Date: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
#define DATE_1 "Date: Thu, 01 Jan 1970 00:00:01 GMT\r\n"

static struct http_ready_set set = { .server = "portico/test" };

static struct http_ready *find(int64_t now, int status, const char *type)
{
	struct http_ready *ready = http_ready_find(&set, now, status, type, type ? strlen(type) : 0);

	cr_assert_not_null(ready);
	return ready;
}

static void is(struct http_ready *ready, int64_t length, const char *expected)
{
	char text[HTTP_READY_ROOM];
	char *end = http_ready_put(ready, text, length);

	cr_assert_eq((size_t)(end - text), strlen(expected), "%.*s", (int)(end - text), text);
	cr_assert_eq(memcmp(text, expected, strlen(expected)), 0, "%.*s", (int)(end - text), text);
}

Test(http_ready, tells_status_date_server_type_and_length)
{
	is(find(0, 200, NULL), 0, "HTTP/1.1 200 OK\r\n" DATE_0 SERVER "Content-Length: 0\r\n");
	is(find(0, 404, "text/html"), 1234567, "HTTP/1.1 404 Not Found\r\n" DATE_0 SERVER
		"Content-Type: text/html\r\nContent-Length: 1234567\r\n");
	is(find(0, 599, ""), INT64_MAX, "HTTP/1.1 599 \r\n" DATE_0 SERVER
		"Content-Type: \r\nContent-Length: 9223372036854775807\r\n");
}

Test(http_ready, another_length_another_second_another_status_is_told)
{
	static const struct { int64_t now; int status; int64_t length; } turns[] = {
		{ 0, 200, 5 }, { 0, 200, 5 }, { 0, 200, 55 }, { 0, 404, 55 }, { 1, 404, 55 },
		{ 1, 200, 55 }, { 1, 200, 5 }, { 0, 200, 5 },  /* the clock was set back */
	};

	for (size_t i = 0; i < sizeof(turns) / sizeof(*turns); i++) {
		char expected[256];
		snprintf(expected, sizeof(expected), "HTTP/1.1 %d %s\r\n%s" SERVER
			"Content-Type: a/b\r\nContent-Length: %d\r\n", turns[i].status,
			http_reason(turns[i].status), turns[i].now == 0 ? DATE_0 : DATE_1,
			(int)turns[i].length);
		is(find(turns[i].now, turns[i].status, "a/b"), turns[i].length, expected);
	}
}

/* A plugin may have its types in one buffer. */
Test(http_ready, a_type_is_known_by_what_it_says_not_by_where_it_stands)
{
	char type[] = "text/aaa";

	is(find(0, 200, type), 1, "HTTP/1.1 200 OK\r\n" DATE_0 SERVER
		"Content-Type: text/aaa\r\nContent-Length: 1\r\n");
	memcpy(type, "text/bbb", sizeof(type));
	is(find(0, 200, type), 1, "HTTP/1.1 200 OK\r\n" DATE_0 SERVER
		"Content-Type: text/bbb\r\nContent-Length: 1\r\n");
	struct http_ready *plain = find(0, 200, http_type_text);
	char copy[sizeof(http_type_text)];
	memcpy(copy, http_type_text, sizeof(copy));
	cr_assert_eq(find(0, 200, copy), plain, "the same type is kept twice");
	cr_assert_neq(find(0, 200, NULL), plain);
	cr_assert_neq(find(0, 200, ""), find(0, 200, NULL));
}

Test(http_ready, what_is_used_in_turns_is_kept)
{
	struct http_ready *kept[HTTP_READY_HEADS];

	for (int i = 0; i < HTTP_READY_HEADS; i++)
		kept[i] = find(0, 200 + i, "a/b");
	for (int i = 0; i < 10 * HTTP_READY_HEADS; i++)
		cr_assert_eq(find(i / 20, 200 + i % HTTP_READY_HEADS, "a/b"), kept[i % HTTP_READY_HEADS]);
	for (int i = 0; i < 300; i++)
		cr_assert_eq(find(0, 200 + i, "a/b")->status, 200 + i);
}

Test(http_ready, the_longest_has_room)
{
	static char server[HTTP_SERVER_MOST + 2], type[HTTP_TYPE_MOST + 1];

	memset(server, 's', HTTP_SERVER_MOST + 1);
	memset(type, 't', HTTP_TYPE_MOST);
	struct http_ready_set *other = calloc(1, sizeof(*other));
	cr_assert_not_null(other);
	other->server = server;
	struct http_ready *ready = http_ready_find(other, 253402300799, 431, type, HTTP_TYPE_MOST);
	char *text = malloc(HTTP_READY_ROOM);
	char *end = http_ready_put(ready, text, INT64_MAX);
	cr_assert_leq((size_t)(end - text), (size_t)HTTP_READY_ROOM);
	*end = '\0';
	cr_assert_not_null(strstr(text, "31 Dec 9999 23:59:59 GMT\r\n"));
	cr_assert_null(strstr(text, server), "more of it than is told");
	cr_assert_not_null(strstr(text, server + 1));
	cr_assert_not_null(strstr(text, type));
	free(text);
	free(other);
}

Test(http_ready, no_reply_has_such_a_status)
{
	static const int wrong[] = { -200, 0, 100, 199, 600, 65736 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		errno = 0;
		cr_assert_null(http_ready_find(&set, 0, wrong[i], NULL, 0));
		cr_assert_eq(errno, EINVAL);
	}
	cr_assert(find(0, 204, NULL)->no_content && find(0, 205, NULL)->no_content
		&& find(0, 304, NULL)->no_content && !find(0, 200, NULL)->no_content);
}
