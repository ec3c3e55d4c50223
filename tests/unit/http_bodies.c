/* SPDX-License-Identifier: MIT */
/*
 * http_bodies.c - bodies as they come in: collected or piece by piece, cut
 * anywhere, asked for with 100 (Continue), refused, held.
 */
#include "http_rig.h"

#include <criterion/criterion.h>
#include <string.h>

HTTP_SUITE(http_bodies);

#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"

/* ---- whole and in pieces ---- */

/* Replies with what was collected. */
static int mirror(struct portico_request *r)
{
	size_t len;
	const void *all = portico_request_body(r, &len);

	return portico_reply(r, 200, NULL, all, len);
}

static void every_cut(const char *request, const char *reply)
{
	size_t len = strlen(request);

	for (size_t cut = 1; cut < len; cut++) {
		connect_again();
		client_sends(&http.client, request, cut);
		rig_turns(2);
		client_sends(&http.client, request + cut, len - cut);
		rig_turns(3);
		client_reads(&http.client);
		hears(reply);
	}
	connect_again();
	for (size_t at = 0; at < len; at++) {
		client_sends(&http.client, request + at, 1);
		rig_turns(2);
	}
	hears(reply);
}

#define TWO_CHUNKS "3;x=y\r\nabc\r\n0a\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"

Test(http_bodies, collects_a_chunked_body_however_it_is_cut)
{
	http.telling = false;
	http.on_request = mirror;
	every_cut(CHUNKED("/") TWO_CHUNKS GET("/"),
		"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nabc0123456789"
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

static unsigned pieces;

static ssize_t take_a_millisecond(struct portico_request *r, const char *data, size_t len)
{
	pieces++;
	rig_block(0.001);
	return take_all(r, data, len);
}

/* And none of them is lost, though the peer's end is behind them. */
Test(http_bodies, others_have_a_turn_between_many_chunks)
{
	enum { MANY = 100 };
	char bytes[1024] = CHUNKED("/a"), answer[256] = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n";

	http.telling = false;
	rig.handler.plugin.http_body = rig_body;
	http.on_body = take_a_millisecond;
	http.on_request = reply_pieces;
	for (int i = 0; i < MANY; i++) {
		strcat(bytes, "1\r\nx\r\n");
		strcat(answer, "x");
	}
	strcat(bytes, "0\r\n\r\n");
	client_says(&http.client, bytes);
	rig_turn();
	cr_assert_gt(pieces, 0);
	cr_assert_lt(pieces, 20, "%u in one turn", pieces);
	client_ends(&http.client);
	rig_turns(MANY);
	hears(answer);
	cr_assert_eq(rig.hub.streams, 0);
}

Test(http_bodies, collects_a_body_of_known_length_however_it_is_cut)
{
	http.telling = false;
	http.on_request = mirror;
	every_cut(POST("/", "10") "0123456789" POST("/", "0") GET("/"),
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789"
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
		"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

Test(http_bodies, gives_a_body_piece_by_piece_however_it_is_cut)
{
	http.telling = false;
	rig.handler.plugin.http_body = rig_body;
	http.on_request = reply_pieces;
	every_cut(CHUNKED("/") TWO_CHUNKS POST("/", "10") "9876543210",
		"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nabc0123456789"
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n9876543210");
}

static ssize_t take_two(struct portico_request *r, const char *data, size_t len)
{
	portico_request_resume(r);       /* from inside: the rest at once */
	return take_all(r, data, len < 2 ? len : 2);
}

Test(http_bodies, a_body_may_be_taken_in_parts_however_it_is_cut)
{
	http.telling = false;
	rig.handler.plugin.http_body = rig_body;
	http.on_body = take_two;
	http.on_request = reply_pieces;
	const char *request = CHUNKED("/") TWO_CHUNKS POST("/", "10") "9876543210";
	size_t len = strlen(request);

	for (size_t cut = 1; cut < len; cut++) {
		connect_again();
		client_sends(&http.client, request, cut);
		rig_turns(12);
		client_sends(&http.client, request + cut, len - cut);
		rig_turns(20);
		hears("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nabc0123456789"
			"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n9876543210");
	}
}

Test(http_bodies, tells_the_length_of_a_body_as_announced)
{
	http.on_request = later;
	says(POST("/a", "3") "abc");
	cr_assert_eq(portico_request_length(http.held), 3);
	portico_reply_text(http.held, 200, "/a");
	rig_turns(2);
	says(CHUNKED("/a") "3\r\nabc\r\n0\r\n\r\n");
	cr_assert_eq(portico_request_length(http.held), -1);
	portico_reply_text(http.held, 200, "/a");
	rig_turns(2);
	says(GET("/a"));
	cr_assert_eq(portico_request_length(http.held), 0);
	cr_assert_not_null(portico_request_body(http.held, NULL));
	portico_reply_text(http.held, 200, "/a");
	rig_turns(2);
	hears(OK_A OK_A OK_A);
}

Test(http_bodies, a_body_over_the_limit_is_refused_announced_or_not)
{
	http.site.bounds.max_body = 10;
	says(POST("/a", "11"));
	hears(ERROR("413 Content Too Large", "65", "the body is longer than this server takes"));
	connect_again();
	says(CHUNKED("/a") "5\r\nabcde\r\n6\r\nabcdef\r\n0\r\n\r\n");
	hears(ERROR("413 Content Too Large", "65", "the body is longer than this server takes"));
	connect_again();
	says(CHUNKED("/a") "5\r\nabcde\r\n5\r\nabcde\r\n0\r\n\r\n");
	hears(OK_A);
}

Test(http_bodies, a_broken_chunk_is_refused)
{
	rig.handler.plugin.http_body = rig_body;
	says(CHUNKED("/a") "3\r\nabcX\r\n");
	client_reads(&http.client);
	cr_assert_eq(strncmp(http.client.got, "HTTP/1.1 400 ", 13), 0, "heard '%s'",
		http.client.got);
	cr_assert(http.client.ended);
	rig_told("body/a done/a");
}

/* ---- 100 (Continue), and replies before the body ---- */

Test(http_bodies, says_continue_when_the_body_is_waited_for)
{
	says(EXPECTS);
	hears(CONTINUE);
	says("abc");
	hears(OK_A);
}

#define EXPECTS_AS(value)                                                    \
	"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect:" value "\r\n\r\n"

static void says_continue_to(const char *request)
{
	says(request);
	hears(CONTINUE);
	says("abc");
	hears(OK_A);
}

/* RFC 9110, 10.1.1: Expect is a list, and what else is in it may be ignored. */
Test(http_bodies, says_continue_whatever_else_is_expected)
{
	says_continue_to(EXPECTS_AS(" 100-Continue"));
	says_continue_to(EXPECTS_AS(" a, 100-continue ,b=\"c\""));
	says_continue_to(EXPECTS_AS("100-continue,,"));
	says_continue_to(EXPECTS_AS(" 100-continue\r\nExpect: b"));
	says_continue_to(EXPECTS_AS(" b\r\nExpect: \t100-continue"));
}

static void says_nothing_to(const char *request)
{
	says(request);
	client_hears_nothing(&http.client);
	says("abc");
	hears(OK_A);
}

Test(http_bodies, does_not_say_continue_to_what_looks_alike)
{
	says_nothing_to(EXPECTS_AS(""));
	says_nothing_to(EXPECTS_AS(" 100-continued"));
	says_nothing_to(EXPECTS_AS(" a 100-continue"));
	says_nothing_to(EXPECTS_AS(" 100-continue=1"));
	says_nothing_to(EXPECTS_AS(" a=\"b,100-continue,c\""));
	says_nothing_to(EXPECTS_AS(" a=\"\\\",100-continue,\""));
}

Test(http_bodies, does_not_say_continue_when_the_body_has_begun_to_come)
{
	says(EXPECTS "a");
	client_hears_nothing(&http.client);
	says("bc");
	hears(OK_A);
}

static int forbid(struct portico_request *r)
{
	return portico_reply_text(r, 403, "no");
}

Test(http_bodies, does_not_say_continue_when_it_refuses)
{
	rig.handler.plugin.http_begin = rig_begin;
	http.on_begin = forbid;
	says(EXPECTS);
	hears(TEXT("403 Forbidden", "2", "Connection: close\r\n", "no"));
	client_sees_the_end(&http.client);
	rig_told("begin/a done/a");
}

Test(http_bodies, does_not_say_continue_to_http_1_0)
{
	says("POST /a HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	client_hears_nothing(&http.client);
}

Test(http_bodies, a_reply_before_the_body_is_the_last)
{
	rig.handler.plugin.http_begin = rig_begin;
	http.on_begin = forbid;
	says(POST("/a", "3") "abc" GET("/b"));
	hears(TEXT("403 Forbidden", "2", "Connection: close\r\n", "no"));
	cr_assert(http.client.ended);
	rig_told("begin/a done/a");
}

Test(http_bodies, a_reply_in_begin_to_a_request_without_a_body_keeps_the_connection)
{
	rig.handler.plugin.http_begin = rig_begin;
	http.on_begin = forbid;
	says(GET("/a") GET("/b"));
	hears(TEXT("403 Forbidden", "2", "", "no") TEXT("403 Forbidden", "2", "", "no"));
	client_hears_nothing(&http.client);
	rig_told("begin/a done/a begin/b done/b");
}

/* ---- bugs that were ---- */

Test(http_bodies, a_held_body_outlives_the_clients_end)
{
	rig.handler.plugin.http_body = rig_body;
	http.on_body = hold;
	http.on_request = reply_pieces;
	client_says(&http.client, POST("/a", "5") "abcde");
	client_ends(&http.client);
	rig_turns(3);
	http.on_body = NULL;
	cr_assert_not_null(http.held);
	portico_request_resume(http.held);
	rig_turns(3);
	hears("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde");
	client_sees_the_end(&http.client);
}

Test(http_bodies, body_does_not_come_after_a_reply)
{
	rig.handler.plugin.http_body = rig_body;
	http.on_body = hold;
	says(POST("/a", "5") "abcde");
	rig_told("body/a");
	cr_assert_eq(portico_reply_text(http.held, 200, "/a"), 0);
	portico_request_resume(http.held);
	rig_turns(3);
	hears(TEXT("200 OK", "2", "Connection: close\r\n", "/a"));
	rig_told("done/a");
}
