/* SPDX-License-Identifier: MIT */
/*
 * http_replies.c - replies of any size, whole and streamed.
 */
#include "http_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

HTTP_SUITE(http_replies);

/* ---- whole ---- */

static void wants_large(const char *path, size_t len)
{
	char request[64];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", path);
	client_says(&http.client, request);
	size_t before;
	do {
		before = http.client.got_len;
		rig_turns(2);
		client_reads(&http.client);
	} while (http.client.got_len > before);
	const char *at = strstr(http.client.got, "\r\n\r\n");
	cr_assert_not_null(at);
	cr_assert_eq((size_t)(http.client.got + http.client.got_len - at - 4), len);
	cr_assert_eq(memcmp(at + 4, large, len), 0);
	client_forgets(&http.client);
}

Test(http_replies, sends_a_reply_of_any_size_whole)
{
	fill_large();
	http.telling = false;
	http.on_request = reply_large;
	wants_large("/1", 1);
	wants_large("/8192", 8192);
	wants_large("/8193", 8193);
	wants_large("/16384", 16384);
	wants_large("/65536", 65536);
	wants_large("/524288", 524288);
}

Test(http_replies, sends_a_large_reply_given_later)
{
	fill_large();
	http.on_request = later;
	says(GET("/a"));
	cr_assert_eq(portico_reply(http.held, 200, NULL, large, sizeof(large)), 0);
	for (int i = 0; i < 100; i++) {
		rig_turn();
		client_reads(&http.client);
	}
	size_t head = (size_t)(strstr(http.client.got, "\r\n\r\n") + 4 - http.client.got);
	cr_assert_eq(http.client.got_len - head, sizeof(large));
}

/* ---- streamed ---- */

static size_t to_stream;

static void stream_some(struct portico_request *r)
{
	while (to_stream > 0 && portico_reply_room(r) > 0) {
		size_t n = to_stream < 50000 ? to_stream : 50000;
		cr_assert_eq(portico_reply_write(r, large + (sizeof(large) - to_stream), n), (ssize_t)n);
		to_stream -= n;
	}
	if (to_stream == 0)
		cr_assert_eq(portico_reply_end(r), 0);
}

static int stream_large(struct portico_request *r)
{
	to_stream = sizeof(large);
	cr_assert_eq(portico_reply_begin(r, 200, sizeof(large)), 0);
	stream_some(r);
	return PORTICO_LATER;
}

Test(http_replies, a_streamed_reply_goes_on_when_there_is_room)
{
	fill_large();
	http.site.kind.high_water = 64 * 1024;
	rig.handler.plugin.http_drained = rig_drained;
	http.on_request = stream_large;
	http.on_drained = stream_some;
	client_says(&http.client, GET("/a"));
	rig_turns(3);
	cr_assert_gt(to_stream, 0, "does not wait for the client");
	for (int i = 0; i < 200; i++) {
		rig_turn();
		client_reads(&http.client);
	}
	cr_assert_eq(to_stream, 0);
	const char *at = strstr(http.client.got, "\r\n\r\n") + 4;
	cr_assert_eq((size_t)(http.client.got + http.client.got_len - at), sizeof(large));
	cr_assert_eq(memcmp(at, large, sizeof(large)), 0);
	rig_told("request/a done/a");
}

static int stream_two(struct portico_request *r)
{
	cr_assert_eq(portico_reply_header(r, "X-Of", "mine"), 0);
	cr_assert_eq(portico_reply_begin(r, 200, PORTICO_CHUNKED), 0);
	cr_assert_eq(portico_reply_write(r, "hello", 5), 5);
	cr_assert_eq(portico_reply_write(r, "", 0), 0);
	cr_assert_eq(portico_reply_write(r, " there, client", 14), 14);
	return portico_reply_end(r);
}

Test(http_replies, a_streamed_reply_is_chunked_for_http_1_1)
{
	http.on_request = stream_two;
	says(GET("/a") GET("/b"));
	hears("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Of: mine\r\n\r\n"
		"5\r\nhello\r\ne\r\n there, client\r\n0\r\n\r\n"
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Of: mine\r\n\r\n"
		"5\r\nhello\r\ne\r\n there, client\r\n0\r\n\r\n");
	client_hears_nothing(&http.client);
}

static size_t chunk;

static int reply_chunk(struct portico_request *r)
{
	cr_assert_eq(portico_reply_begin(r, 200, PORTICO_CHUNKED), 0);
	cr_assert_eq(portico_reply_write(r, large, chunk), (ssize_t)chunk);
	return portico_reply_end(r);
}

Test(http_replies, a_chunk_of_any_size_tells_it)
{
	static const size_t sizes[] = { 1, 9, 10, 15, 16, 255, 256, 2571, 4095, 4096, 12000 };

	fill_large();
	http.on_request = reply_chunk;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		chunk = sizes[i];
		char *reply = malloc(chunk + 128);
		int at = sprintf(reply, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n",
			chunk);
		memcpy(reply + at, large, chunk);
		memcpy(reply + at + chunk, "\r\n0\r\n\r\n", 8);
		says(GET("/a"));
		hears(reply);
		free(reply);
	}
}

Test(http_replies, a_streamed_reply_to_http_1_0_ends_with_the_connection)
{
	http.on_request = stream_two;
	says("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	hears("HTTP/1.1 200 OK\r\nConnection: close\r\nX-Of: mine\r\n\r\nhello there, client");
	client_sees_the_end(&http.client);
}

/* ---- bugs that were ---- */

static unsigned draineds;

static void drain_and_end(struct portico_request *r)
{
	draineds++;
	cr_assert_eq(portico_reply_write(r, "abc", 3), 3);
	cr_assert_eq(portico_reply_end(r), 0);
}

static int begin_and_wait(struct portico_request *r)
{
	cr_assert_eq(portico_reply_begin(r, 200, 3), 0);
	return later(r);
}

Test(http_replies, drained_comes_after_a_head_alone)
{
	rig.handler.plugin.http_drained = rig_drained;
	http.on_request = begin_and_wait;
	http.on_drained = drain_and_end;
	says(GET("/a") GET("/b"));
	rig_turns(6);
	cr_assert_eq(draineds, 2);
	hears("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc"
		"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc");
	rig_told("request/a done/a request/b done/b");
}

static int reply_too_much(struct portico_request *r)
{
	size_t len = (size_t)atoi(portico_request_path(r) + 1);

	cr_assert_eq(portico_reply(r, 200, NULL, large, len), -1);
	cr_assert_eq(errno, ENOBUFS);
	return portico_reply_text(r, 503, "full");
}

Test(http_replies, a_reply_that_does_not_fit_with_its_head_leaves_room_for_a_503)
{
	http.site.kind.max_queue = 64 * 1024;
	http.on_request = reply_too_much;
	says(GET("/65536") GET("/65500") GET("/65537"));
	hears(TEXT("503 Service Unavailable", "4", "", "full")
		TEXT("503 Service Unavailable", "4", "", "full")
		TEXT("503 Service Unavailable", "4", "", "full"));
	client_hears_nothing(&http.client);
}
