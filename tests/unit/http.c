/* SPDX-License-Identifier: MIT */
/*
 * http.c - the HTTP/1.1 connection as a client and as a handler see it, on
 * socket pairs, a turn of the loop at a time: one request after another, and
 * what a handler may ask about one.
 */
#include "http_rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

HTTP_SUITE(http);

/* ---- one request after another ---- */

Test(http, answers_pipelined_requests_in_order_in_one_write)
{
	struct client packets;
	char got[4096];

	http_accept(&http.site, client_pair(&packets, SOCK_SEQPACKET), &rig.peer);
	client_says(&packets, GET("/a") GET("/b") GET("/c"));
	rig_turn();
	ssize_t n = recv(packets.fd, got, sizeof(got) - 1, 0);
	cr_assert_gt(n, 0);
	got[n] = '\0';
	const char *a = strstr(got, "\r\n\r\n/a"), *b = strstr(got, "\r\n\r\n/b"),
		*c = strstr(got, "\r\n\r\n/c");
	cr_assert(a && b && c, "more than one write");
	cr_assert(a < b && b < c, "out of order");
	rig_told("request/a done/a request/b done/b request/c done/c");
	client_fini(&packets);
}

static int take_a_millisecond(struct portico_request *r)
{
	rig_block(0.001);
	return portico_reply_text(r, 200, portico_request_path(r));
}

/* And none of them is lost, though the peer's end is behind them. */
Test(http, others_have_a_turn_between_many_pipelined_requests)
{
	enum { MANY = 100 };
	char bytes[MANY * sizeof(GET("/a"))] = "", answers[MANY * sizeof(OK_A)] = "";

	http.telling = false;
	http.on_request = take_a_millisecond;
	for (int i = 0; i < MANY; i++) {
		strcat(bytes, GET("/a"));
		strcat(answers, OK_A);
	}
	client_says(&http.client, bytes);
	rig_turn();
	cr_assert_gt(http.done, 0);
	cr_assert_lt(http.done, 20, "%u in one turn", http.done);
	client_ends(&http.client);
	rig_turns(MANY);
	hears(answers);
	cr_assert_eq(rig.hub.streams, 0);
}

/* Whose requests wait for their turn is not idle. */
Test(http, who_waits_for_a_turn_is_not_idle)
{
	enum { MANY = 20 };
	char bytes[MANY * sizeof(GET("/a"))] = "", answers[MANY * sizeof(OK_A)] = "";
	struct client other;

	http.site.kind.idle.span = 0.0005;
	http.telling = false;
	http.on_request = take_a_millisecond;
	connect_client(&other);
	for (int i = 0; i < MANY; i++) {
		strcat(bytes, GET("/a"));
		strcat(answers, OK_A);
	}
	client_says(&http.client, bytes);
	client_says(&other, bytes);
	rig_turns(MANY);
	hears(answers);
	client_hears(&other, answers);
	client_fini(&other);
}

Test(http, keeps_the_connection_between_requests_and_no_request_while_idle)
{
	says(GET("/a"));
	hears(OK_A);
	cr_assert_eq(http.site.spare_count, 1);
	says(GET("/b"));
	hears(OK_B);
	cr_assert_eq(http.site.spare_count, 1);
	client_hears_nothing(&http.client);
}

Test(http, closes_after_the_reply_when_the_client_asks_for_it)
{
	says("GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" GET("/b"));
	hears(TEXT("200 OK", "2", "Connection: close\r\n", "/a"));
	cr_assert(http.client.ended);
	rig_told("request/a done/a");
}

Test(http, closes_after_a_reply_to_http_1_0)
{
	says("GET /a HTTP/1.0\r\n\r\n");
	hears(TEXT("200 OK", "2", "Connection: close\r\n", "/a"));
	client_sees_the_end(&http.client);
}

Test(http, keeps_an_http_1_0_connection_only_when_asked_and_says_so)
{
	says("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
	hears(TEXT("200 OK", "2", "Connection: keep-alive\r\n", "/a"));
	client_hears_nothing(&http.client);
	says("GET /b HTTP/1.0\r\n\r\n");
	hears(TEXT("200 OK", "2", "Connection: close\r\n", "/b"));
	client_sees_the_end(&http.client);
}

Test(http, head_gets_the_length_and_no_body)
{
	says("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n" GET("/b"));
	hears(TEXT("200 OK", "2", "", "") OK_B);
}

static int reply_as_path(struct portico_request *r)
{
	return portico_reply(r, atoi(portico_request_path(r) + 1), NULL, "12345", 5);
}

Test(http, no_content_and_not_modified_have_no_body)
{
	http.on_request = reply_as_path;
	says(GET("/204") GET("/200"));
	hears("HTTP/1.1 204 No Content\r\n\r\n"
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345");
	says(GET("/304") GET("/200"));
	hears("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345");
}

static int stream_as_path(struct portico_request *r)
{
	cr_assert_eq(portico_reply_begin(r, atoi(portico_request_path(r) + 1), PORTICO_CHUNKED), 0);
	cr_assert_eq(portico_reply_write(r, "12345", 5), 5);
	return portico_reply_end(r);
}

Test(http, a_streamed_reply_without_a_body_has_none)
{
	http.on_request = stream_as_path;
	says(GET("/204") "HEAD /200 HTTP/1.1\r\nHost: x\r\n\r\n" GET("/200"));
	hears("HTTP/1.1 204 No Content\r\n\r\n"
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n");
}

Test(http, portico_answers_what_no_handler_can)
{
	http.route.prefix = "/only";
	says(GET("/a"));
	hears(TEXT("404 Not Found", "40", "", "404 Not Found: no handler has this path\n"));
	says("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n");
	hears("HTTP/1.1 204 No Content\r\nAllow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n\r\n");
	says(GET("/onlyx") GET("/only") GET("/only/x"));
	hears(TEXT("404 Not Found", "40", "", "404 Not Found: no handler has this path\n")
		TEXT("200 OK", "5", "", "/only") TEXT("200 OK", "7", "", "/only/x"));
	says("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n");
	hears(ERROR("501 Not Implemented", "41", "this is not a proxy"));
	cr_assert(http.client.ended);
}

Test(http, a_broken_head_is_refused_and_ends_the_connection)
{
	says("GET /a HTTP/1.1\nHost: x\n\n");
	client_reads(&http.client);
	cr_assert_eq(strncmp(http.client.got, "HTTP/1.1 400 ", 13), 0, "heard '%s'",
		http.client.got);
	cr_assert_not_null(strstr(http.client.got, "Connection: close\r\n"));
	cr_assert(http.client.ended);
	rig_told("");
}

Test(http, the_longest_prefix_has_the_request)
{
	struct portico_service other = rig.handler;
	const struct http_route routes[] = {
		{ .prefix = "/a/b", .handler = &other },
		{ .prefix = "/", .handler = &rig.handler },
	};

	other.plugin.http_request = fail;
	other.plugin.http_done = NULL;
	http.site.routes = routes;
	http.site.route_count = 2;
	says(GET("/a"));
	hears(OK_A);
	says(GET("/a/b/c"));
	hears(ERROR("500 Internal Server Error", "46", "the handler failed"));
}

/* ---- what a handler may ask ---- */

Test(http, strings_and_memory_live_as_long_as_the_request)
{
	static char more[6000];

	http.on_request = later;
	says("GET /a/../b%20c?q=1&r HTTP/1.1\r\nHost: x\r\nX-Some:  thing \r\n\r\n");
	const char *method = portico_request_method(http.held);
	const char *path = portico_request_path(http.held);
	const char *target = portico_request_target(http.held);
	const char *query = portico_request_query(http.held);
	const char *some = portico_request_header(http.held, "x-SOME");
	char *mine = portico_request_alloc(http.held, 10000);

	for (int i = 0; i < 10000; i++)
		cr_assert_eq(mine[i], 0);
	memset(mine, 'm', 10000);
	memset(more, 'z', sizeof(more));
	for (int i = 0; i < 4; i++) {
		client_sends(&http.client, more, sizeof(more));
		rig_turn();
	}
	cr_assert_str_eq(method, "GET");
	cr_assert_str_eq(path, "/b c");
	cr_assert_str_eq(target, "/a/../b%20c?q=1&r");
	cr_assert_str_eq(query, "q=1&r");
	cr_assert_str_eq(some, "thing");
	cr_assert_null(portico_request_header(http.held, "X-Other"));
	cr_assert_eq(portico_request_service(http.held), &rig.handler);
	cr_assert_eq(portico_conn_service(portico_request_conn(http.held)), &rig.handler);
	struct portico_peer peer;
	portico_conn_peer(portico_request_conn(http.held), &peer);
	cr_assert_eq(peer.len, sizeof(struct sockaddr_in));
	cr_assert_eq(memcmp(&peer.addr, &rig.peer, sizeof(struct sockaddr_in)), 0);
	cr_assert_eq(mine[0], 'm');
	cr_assert_eq(mine[9999], 'm');
	cr_assert_eq(portico_reply_text(http.held, 200, "x"), 0);
}

/* The strings are still there in http_done(). */
static void look_again(struct portico_request *r)
{
	cr_assert_str_eq(portico_request_header(r, "X-Some"), "thing");
	cr_assert_str_eq(portico_request_path(r), "/a");
}

Test(http, strings_are_there_in_done)
{
	http.on_done = look_again;
	says("GET /a HTTP/1.1\r\nHost: x\r\nX-Some: thing\r\n\r\n");
	cr_assert_eq(http.done, 1);
}

/* ---- bugs that were ---- */

/* A 404 that did not fit was taken for given, and the body of a request
 * without a handler was handed to it. */
Test(http, a_404_that_does_not_fit_into_the_queue_crashes_nothing)
{
	static char many[64 * 1024];

	http.route.prefix = "/only";
	http.site.kind.high_water = http.site.kind.max_queue = 64 * 1024;
	for (int count = 200; count < 420; count++) {
		size_t len = 0;
		for (int i = 0; i < count; i++)
			len += (size_t)snprintf(many + len, sizeof(many) - len, "%s", GET("/n"));
		len += (size_t)snprintf(many + len, sizeof(many) - len, "%s", POST("/n", "3") "abc");
		connect_again();
		cr_assert_eq(send(http.client.fd, many, len, MSG_NOSIGNAL), (ssize_t)len);
		for (int i = 0; i < 10; i++) {
			rig_turn();
			client_reads(&http.client);
		}
		int answers = 0;
		for (const char *at = http.client.got; (at = strstr(at, "HTTP/1.1 404 ")); at++)
			answers++;
		cr_assert(http.client.reset || (http.client.ended && answers == count + 1),
			"%d requests, %d answers: hangs", count + 1, answers);
		rig_sleeps();
		if (count < 390)
			count += 9;
	}
}
