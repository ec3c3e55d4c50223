/* SPDX-License-Identifier: MIT */
/*
 * http_bounds.c - how many requests and connections, and how fast both sides must be.
 */
#include "http_rig.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/counts.h"

static struct counts counts;

static void set_up(void)
{
	http_set_up();
	http.site.kind.counts = rig.handler.counts = &counts;
}

TestSuite(http_bounds, .init = set_up, .fini = http_tear_down, .timeout = 60);

/* ---- requests ---- */

#define LAST_B TEXT("200 OK", "2", "Connection: close\r\n", "/b")

Test(http_bounds, the_last_request_of_a_connection_ends_it)
{
	http.site.bounds.max_requests = 2;
	says(GET("/a"));
	hears(OK_A);
	says(GET("/b") GET("/c"));
	hears(LAST_B);
	client_sees_the_end(&http.client);
	rig_told("request/a done/a request/b done/b");
}

Test(http_bounds, each_connection_has_its_own_requests)
{
	http.site.bounds.max_requests = 2;
	for (int i = 0; i < 3; i++) {
		connect_again();
		says(GET("/a") GET("/b"));
		hears(OK_A LAST_B);
	}
}

/* ---- connections ---- */

#define TOO_MANY                                                             \
	"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n" \
	"Content-Length: 46\r\nRetry-After: 1\r\nConnection: close\r\n\r\n"  \
	"503 Service Unavailable: too many connections\n"

static void limit(size_t connections, size_t per_client)
{
	client_fini(&http.client);
	rig_turns(3);
	limits_init(&http.site.limits, connections, per_client);
	connect_client(&http.client);
}

static void others_are_told(void)
{
	struct client other;

	connect_client(&other);
	client_says(&other, GET("/a"));
	rig_turns(3);
	client_hears(&other, TOO_MANY);
	client_sees_the_end(&other);
	cr_assert_eq(counts.errors[ERROR_REFUSED], 1);
	client_fini(&other);
	rig_turns(3);
	says(GET("/a"));
	hears(OK_A);
	connect_again();
	says(GET("/b"));
	hears(OK_B);
	rig_told("request/a done/a request/b done/b");
}

Test(http_bounds, a_connection_too_many_is_told_so)
{
	limit(1, 0);
	others_are_told();
}

Test(http_bounds, a_connection_too_many_of_one_client_is_told_so)
{
	limit(0, 1);
	others_are_told();
}

Test(http_bounds, other_clients_do_not_notice)
{
	struct client other;

	limit(0, 1);
	rig.peer.in.sin_addr.s_addr ^= htonl(1);
	connect_client(&other);
	client_says(&other, GET("/a"));
	rig_turns(3);
	client_hears(&other, OK_A);
	client_fini(&other);
	rig_turns(3);
}

Test(http_bounds, a_flood_does_not_become_connections)
{
	enum { FLOOD = 100, TOLD = 64 };
	static struct client others[FLOOD];
	unsigned told = 0;

	limit(1, 0);
	counts.closed = 0;
	for (int i = 0; i < FLOOD; i++)
		connect_client(&others[i]);
	rig_turns(3);
	cr_assert_eq(rig.hub.streams, 1 + TOLD);
	for (int i = 0; i < FLOOD; i++) {
		client_reads(&others[i]);
		told += others[i].got_len > 0;
		client_forgets(&others[i]);
		client_fini(&others[i]);
	}
	rig_turns(3);
	cr_assert_eq(told, TOLD);
	cr_assert_eq(rig.hub.streams, 1);
	cr_assert_eq(counts.errors[ERROR_REFUSED], FLOOD);
	cr_assert_eq(counts.closed, FLOOD);
	says(GET("/a"));
	hears(OK_A);
}

/* ---- bodies ---- */

#define TOO_LATE ERROR("408 Request Timeout", "54", "the request did not come in time")

static void want_bodies(double rate, double grace)
{
	http.site.arriving = (struct pace_rule){ .rate = rate, .grace = grace, .tick = 0.02 };
	http.site.paces.span = 0.02;
}

Test(http_bounds, a_body_that_comes_too_slowly_is_answered_408)
{
	want_bodies(1000., 0.08);
	says(POST("/a", "1000") "a");
	for (int i = 0; i < 100 && !http.client.ended; i++) {
		if (rig.hub.streams > 0)
			(void)send(http.client.fd, "x", 1, MSG_NOSIGNAL);
		rig_pass(0.01);
		client_reads(&http.client);
	}
	hears(TOO_LATE);
	cr_assert_eq(counts.errors[ERROR_TIMEOUT], 1);
}

Test(http_bounds, a_body_that_keeps_its_pace_may_take_as_long_as_it_takes)
{
	char piece[101] = "";

	http.site.kind.idle.span = 0.05;
	want_bodies(1000., 0.08);
	memset(piece, 'x', 100);
	says(POST("/a", "2000"));
	for (int i = 0; i < 20; i++) {
		rig_pass(0.02);
		says(piece);
	}
	hears(OK_A);
}

static void holds_a_body(void)
{
	rig.handler.plugin.http_body = rig_body;
	http.on_body = hold;
	http.on_request = reply_pieces;
	says(POST("/a", "5") "abcde");
	rig_pass(0.2);
	client_hears_nothing(&http.client);
	http.on_body = NULL;
	portico_request_resume(http.held);
	rig_turns(3);
	hears("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde");
}

Test(http_bounds, a_body_that_its_handler_holds_is_not_slow)
{
	want_bodies(1000., 0.04);
	holds_a_body();
}

Test(http_bounds, the_time_for_a_whole_body_holds_beside_its_pace)
{
	http.site.arriving = (struct pace_rule){
		.rate = 1., .grace = 10., .total = 0.06, .tick = 0.02 };
	http.site.paces.span = 0.02;
	says(POST("/a", "100") "a");
	for (int i = 0; i < 90 && http.client.got_len == 0; i++) {
		rig_pass(0.02);
		(void)send(http.client.fd, "x", 1, MSG_NOSIGNAL);
		client_reads(&http.client);
	}
	hears(TOO_LATE);
}

/* ---- replies ---- */

static void wants_readers(double rate, double grace)
{
	http.site.kind.idle.span = 10.;
	stream_kind_pace(&http.site.kind, rate, grace);
	http.site.kind.unread.span = http.site.kind.reading.tick = 0.02;
	http.on_request = reply_large;
	connect_again();
}

Test(http_bounds, a_client_that_reads_its_reply_too_slowly_is_cut_off)
{
	char byte;

	wants_readers(1e6, 0.1);
	says(GET("/524288"));
	for (int i = 0; i < 100 && rig.hub.streams > 0; i++) {
		cr_assert_eq(recv(http.client.fd, &byte, 1, 0), 1);
		rig_pass(0.01);
	}
	cr_assert_eq(rig.hub.streams, 0);
	cr_assert_eq(counts.errors[ERROR_TIMEOUT], 1);
	client_is_cut(&http.client);
}

Test(http_bounds, a_client_that_reads_steadily_gets_all)
{
	static char piece[16 * 1024];
	size_t got = 0;

	wants_readers(1e5, 0.2);
	says(GET("/524288"));
	while (got < 524288) {
		rig_pass(0.02);
		ssize_t n = recv(http.client.fd, piece, sizeof(piece), 0);
		cr_assert_gt(n, 0, "cut after %zu bytes", got);
		got += (size_t)n;
	}
	cr_assert_eq(counts.errors[ERROR_TIMEOUT], 0);
}

Test(http_bounds, a_client_that_never_reads_is_cut_while_its_connection_closes)
{
	wants_readers(1e6, 0.1);
	says("GET /524288 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	cr_assert_eq(rig.hub.streams, 1);
	rig_pass(0.5);
	cr_assert_eq(rig.hub.streams, 0);
	cr_assert_eq(counts.errors[ERROR_TIMEOUT], 1);
}

Test(http_bounds, what_drains_leaves_nobody_behind_whose_reply_is_not_read_yet)
{
	wants_readers(1e5, 5.);
	says(GET("/524288"));
	cr_assert_not(deadline_queue_empty(&http.site.kind.unread));
	http_site_drain(&http.site, 0.05);
	for (int i = 0; i < 200 && !http.client.ended; i++) {
		client_reads(&http.client);
		rig_pass(0.01);
	}
	cr_assert(http.client.ended, "it is not closed as idle");
}

Test(http_bounds, the_end_of_a_drain_cuts_who_has_not_read_yet)
{
	wants_readers(1e5, 5.);
	says(GET("/524288"));
	http_site_abort(&http.site);
	rig_turns(2);
	cr_assert_eq(rig.hub.streams, 0);
}
