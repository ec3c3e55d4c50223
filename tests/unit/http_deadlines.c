/* SPDX-License-Identifier: MIT */
/*
 * http_deadlines.c - what comes late, and what is not late although it looks so.
 */
#include "http_rig.h"

#include <criterion/criterion.h>

#include "base/clock.h"
#include "sys/counts.h"

HTTP_SUITE(http_deadlines);

/* ---- what comes late ---- */

#define TOO_LATE ERROR("408 Request Timeout", "54", "the request did not come in time")

Test(http_deadlines, a_head_that_comes_late_is_answered_408)
{
	http.site.heads.span = 0.03;
	says("GET /a HT");
	client_hears_nothing(&http.client);
	rig_pass(0.1);
	hears(TOO_LATE);
	cr_assert(http.client.ended);
}

Test(http_deadlines, an_idle_connection_is_closed_without_a_word)
{
	client_fini(&http.client);
	rig_turns(3);
	http.site.kind.idle.span = 0.03;
	connect_client(&http.client);
	rig_pass(0.1);
	client_sees_the_end(&http.client);
	connect_again();
	says(GET("/a"));
	hears(OK_A);
	rig_pass(0.1);
	client_sees_the_end(&http.client);
}

/* As old clients send behind the body of a POST: RFC 9112, 2.2.  A 408 would be taken for the
 * answer to a next request. */
static void stays_idle_behind(const char *rest)
{
	connect_again();
	says(POST("/a", "3") "abc");
	says(rest);
	hears(OK_A);
	rig_pass(0.1);
	client_hears_nothing(&http.client);
	cr_assert_null(deadline_first(&http.site.heads));
}

Test(http_deadlines, an_empty_line_is_no_request_that_comes_late)
{
	http.site.heads.span = 0.03;
	stays_idle_behind("\r\n");
	says(GET("/b"));
	hears(OK_B);
	stays_idle_behind("\r");
	says("\n" GET("/b"));
	hears(OK_B);
	stays_idle_behind("\r\n");
	says("G");
	rig_pass(0.1);
	hears(TOO_LATE);
}

Test(http_deadlines, a_request_does_not_take_since_the_empty_line_before_it)
{
	static struct counts counts;

	rig.hub.woke = clock_ns();
	stays_idle_behind("\r\n");
	http.site.kind.counts = &counts;
	rig.hub.woke = clock_ns();
	says(GET("/b"));
	hears(OK_B);
	cr_assert_eq(counts.latency.count, 1);
	cr_assert_lt(counts.latency.max, 80000, "%d us", (int)counts.latency.max);
}

Test(http_deadlines, an_empty_line_does_not_hold_up_a_drain)
{
	http.site.heads.span = 10.;
	stays_idle_behind("\r\n");
	http_site_drain(&http.site, 0.03);
	rig_pass(0.1);
	client_sees_the_end(&http.client);
}

Test(http_deadlines, a_body_that_comes_late_is_answered_408)
{
	http.site.bodies.span = 0.03;
	says(POST("/a", "3") "a");
	rig_pass(0.1);
	hears(TOO_LATE);
	cr_assert(http.client.ended);
}

Test(http_deadlines, a_body_that_stops_coming_is_answered_408)
{
	http.site.kind.idle.span = 0.03;
	says(POST("/a", "3") "a");
	rig_pass(0.1);
	hears(TOO_LATE);
}

Test(http_deadlines, a_client_that_does_not_read_its_reply_is_cut_off)
{
	http.site.kind.idle.span = 0.03;
	http.on_request = reply_large;
	says(GET("/524288"));
	rig_pass(0.15);
	client_is_cut(&http.client);
	cr_assert_lt(http.client.got_len, 524288);
	cr_assert_eq(rig.hub.streams, 0);
}

Test(http_deadlines, a_handler_at_work_is_never_late)
{
	http.site.kind.idle.span = http.site.heads.span = http.site.bodies.span = 0.02;
	http.on_request = later;
	says(GET("/a"));
	rig_pass(0.1);
	client_hears_nothing(&http.client);
	cr_assert_eq(portico_reply_text(http.held, 200, "/a"), 0);
	rig_turns(2);
	hears(OK_A);
}

/* ---- bugs that were ---- */

Test(http_deadlines, the_time_of_a_head_is_its_own)
{
	http.site.heads.span = 10.;
	says("GET /a HTTP/1.1\r\n");
	cr_assert_not_null(deadline_first(&http.site.heads));
	double first = deadline_first(&http.site.heads)->due;
	rig_block(0.03);
	says("Host: x\r\n\r\nGET /b HTTP/1.1\r\n");
	hears(OK_A);
	cr_assert_not_null(deadline_first(&http.site.heads));
	cr_assert_gt(deadline_first(&http.site.heads)->due, first + 0.01);
	rig_block(0.03);
	double second = deadline_first(&http.site.heads)->due;
	says("Host: ");
	cr_assert_float_eq(deadline_first(&http.site.heads)->due, second, 1e-9,
		"a slow sender renews its time");
}

Test(http_deadlines, the_time_of_a_body_is_its_own)
{
	http.site.bodies.span = 10.;
	says(POST("/a", "3") "a");
	double first = deadline_first(&http.site.bodies)->due;
	rig_block(0.03);
	says("bc" POST("/b", "3") "a");
	hears(OK_A);
	cr_assert_gt(deadline_first(&http.site.bodies)->due, first + 0.01);
}

static void holds_a_body(const char *request)
{
	http.site.kind.idle.span = 0.02;
	rig.handler.plugin.http_body = rig_body;
	http.on_body = hold;
	http.on_request = reply_pieces;
	says(request);
	cr_assert_not_null(http.held);
	rig_pass(0.1);
	client_hears_nothing(&http.client);
	rig_sleeps();
	rig_told("body/a");
	http.on_body = NULL;
	portico_request_resume(http.held);
	rig_turns(3);
	hears("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde");
	rig_told("body/a request/a done/a");
}

Test(http_deadlines, a_body_that_its_handler_holds_is_not_late)
{
	holds_a_body(POST("/a", "5") "abcde");
}

Test(http_deadlines, a_body_that_its_handler_holds_is_not_late_with_a_time_for_bodies)
{
	http.site.bodies.span = 0.02;
	holds_a_body(CHUNKED("/a") "5\r\nabcde\r\n0\r\n\r\n");
}

Test(http_deadlines, is_not_late_with_what_came_while_the_loop_was_blocked)
{
	http.site.heads.span = 0.02;
	says("GET /a HTTP/1.1\r\n");
	client_says(&http.client, "Host: x\r\n\r\n");
	rig_block(0.05);
	rig_turns(3);
	hears(OK_A);
}

Test(http_deadlines, is_not_late_with_a_body_that_came_while_the_loop_was_blocked)
{
	http.site.bodies.span = 0.02;
	says(POST("/a", "3") "a");
	client_says(&http.client, "bc");
	rig_block(0.05);
	rig_turns(3);
	hears(OK_A);
}

Test(http_deadlines, a_head_that_began_while_the_loop_was_blocked_has_its_own_time)
{
	http.site.heads.span = 0.02;
	says("GET /a HTTP/1.1\r\n");
	client_says(&http.client, "Host: x\r\n\r\nGET /b HTTP/1.1\r\n");
	rig_block(0.05);
	http.site.heads.span = 10.;
	rig_turns(3);
	hears(OK_A);
	client_hears_nothing(&http.client);
	says("Host: x\r\n\r\n");
	hears(OK_B);
}

Test(http_deadlines, a_body_that_began_while_the_loop_was_blocked_has_its_own_time)
{
	http.site.bodies.span = 0.02;
	says(POST("/a", "3") "a");
	client_says(&http.client, "bc" POST("/b", "3") "a");
	rig_block(0.05);
	http.site.bodies.span = 10.;
	rig_turns(3);
	hears(OK_A);
	client_hears_nothing(&http.client);
	says("bc");
	hears(OK_B);
}

Test(http_deadlines, a_few_more_bytes_do_not_save_a_late_head)
{
	http.site.heads.span = 0.02;
	says("GET /a HTTP/1.1\r\n");
	client_says(&http.client, "Host: ");
	rig_block(0.05);
	rig_turns(3);
	hears(TOO_LATE);
}

Test(http_deadlines, an_idle_connection_whose_request_came_while_the_loop_was_blocked_is_served)
{
	http.site.kind.idle.span = 0.02;
	says(GET("/a"));
	hears(OK_A);
	client_says(&http.client, GET("/b"));
	rig_block(0.05);
	rig_turns(3);
	hears(OK_B);
}
