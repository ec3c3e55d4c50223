/* SPDX-License-Identifier: MIT */
/*
 * http_deferred.c - replies that come later, and connections that end
 * meanwhile: by the client, by the handler, by draining.
 */
#include "http_rig.h"

#include <criterion/criterion.h>

#include "sys/counts.h"

HTTP_SUITE(http_deferred);

/* ---- later ---- */

Test(http_deferred, the_next_pipelined_request_waits_for_a_deferred_reply)
{
	http.on_request = later;
	says(GET("/a") GET("/b"));
	client_hears_nothing(&http.client);
	rig_told("request/a");
	http.on_request = NULL;
	cr_assert_eq(portico_reply_text(http.held, 200, "/a"), 0);
	rig_turns(2);
	hears(OK_A OK_B);
	rig_told("done/a request/b done/b");
	rig_sleeps();
}

Test(http_deferred, a_client_that_sends_no_more_still_gets_every_answer)
{
	http.on_request = later;
	client_says(&http.client, GET("/a") GET("/b") GET("/c"));
	client_ends(&http.client);
	rig_turns(3);
	for (int i = 0; i < 3; i++) {
		cr_assert_not_null(http.held);
		client_hears_nothing(&http.client);
		cr_assert_eq(portico_reply_text(http.held, 200, portico_request_path(http.held)), 0);
		rig_turns(3);
		hears(i == 0 ? OK_A : i == 1 ? OK_B : OK_C);
	}
	client_sees_the_end(&http.client);
	cr_assert_eq(rig.hub.streams, 0);
}

Test(http_deferred, half_a_request_before_the_end_is_not_waited_for)
{
	client_says(&http.client, GET("/a") "GET /b HT");
	client_ends(&http.client);
	rig_turns(3);
	hears(OK_A);
	client_sees_the_end(&http.client);
	connect_again();
	client_says(&http.client, POST("/a", "3") "ab");
	client_ends(&http.client);
	rig_turns(3);
	client_sees_the_end(&http.client);
	cr_assert_eq(rig.hub.streams, 0);
}

Test(http_deferred, done_comes_once_when_the_client_dies_before_its_deferred_reply)
{
	struct client c;

	connect_tcp(&c);
	http.on_request = later;
	client_says(&c, GET("/a"));
	rig_turns(3);
	rig_told("request/a");
	client_dies(&c);
	rig_turns(3);
	rig_told("done/a");
	cr_assert_null(http.held);
	client_fini(&c);
}

Test(http_deferred, done_comes_once_when_the_client_leaves_before_its_deferred_reply)
{
	http.on_request = later;
	says(GET("/a"));
	client_fini(&http.client);
	rig_turns(3);
	if (http.held)                /* it might still read */
		portico_reply_text(http.held, 200, "/a");
	rig_turns(3);
	rig_told("request/a done/a");
	cr_assert_eq(rig.hub.streams, 0);
}

static int abort_connection(struct portico_request *r)
{
	portico_conn_abort(portico_request_conn(r));
	return PORTICO_LATER;
}

static int close_connection(struct portico_request *r)
{
	portico_conn_close(portico_request_conn(r));
	return PORTICO_LATER;
}

static ssize_t abort_in_body(struct portico_request *r, const char *data, size_t len)
{
	(void)data;
	abort_connection(r);
	return (ssize_t)len;
}

Test(http_deferred, a_handler_may_abort_or_close_in_any_callback)
{
	rig.handler.plugin.http_begin = rig_begin;
	rig.handler.plugin.http_body = rig_body;
	http.on_request = abort_connection;
	says(GET("/a") GET("/b"));
	client_is_cut(&http.client);
	rig_told("begin/a request/a done/a");
	connect_again();
	http.on_request = close_connection;
	says(GET("/a") GET("/b"));
	client_is_cut(&http.client);
	rig_told("begin/a request/a");   /* lingering, and then */
	connect_again();
	rig_told("done/a");
	http.on_body = abort_in_body;
	says(POST("/a", "3") "abc");
	client_is_cut(&http.client);
	rig_told("begin/a body/a done/a");
	connect_again();
	http.on_begin = abort_connection;
	says(POST("/a", "3") "abc");
	client_is_cut(&http.client);
	rig_told("begin/a done/a");
	connect_again();
	says(GET("/a"));
	client_is_cut(&http.client);
	rig_told("begin/a done/a");
}

static int abort_and_be_done(struct portico_request *r)
{
	portico_conn_abort(portico_request_conn(r));
	return 0;
}

static int close_and_be_done(struct portico_request *r)
{
	portico_conn_close(portico_request_conn(r));
	return 0;
}

Test(http_deferred, who_ends_the_connection_owes_no_reply)
{
	http.on_request = abort_and_be_done;
	says(GET("/a"));
	client_is_cut(&http.client);
	rig_told("request/a done/a");
	connect_again();
	http.on_request = close_and_be_done;
	says(GET("/a"));
	client_sees_the_end(&http.client);
	cr_assert_eq(rig.handler.counts->errors[ERROR_HANDLER], 0, "it is told as forgotten");
}

/* ---- draining ---- */

Test(http_deferred, while_draining_replies_announce_the_end)
{
	http.on_request = later;
	says(GET("/a"));
	http_site_drain(&http.site, 10.);
	portico_reply_text(http.held, 200, "/a");
	rig_turns(3);
	hears(TEXT("200 OK", "2", "Connection: close\r\n", "/a"));
	client_sees_the_end(&http.client);
}

Test(http_deferred, while_draining_an_idle_connection_has_one_more_request)
{
	says(GET("/a"));
	hears(OK_A);
	http_site_drain(&http.site, 10.);
	rig_turns(3);
	client_hears_nothing(&http.client);
	says(GET("/b"));
	hears(TEXT("200 OK", "2", "Connection: close\r\n", "/b"));
	client_sees_the_end(&http.client);
}

Test(http_deferred, draining_ends_idle_connections_after_the_grace)
{
	struct client fresh;

	connect_client(&fresh);
	says(GET("/a"));
	hears(OK_A);
	http_site_drain(&http.site, 0.03);
	rig_turns(3);
	client_hears_nothing(&http.client);
	rig_pass(0.1);
	client_sees_the_end(&http.client);
	client_sees_the_end(&fresh);
	client_fini(&fresh);
}

/* ---- bugs that were ---- */

Test(http_deferred, without_linger_a_close_is_a_close)
{
	http.site.kind.linger.span = 0.;
	http.on_request = fail;
	says(GET("/a"));
	hears(ERROR("500 Internal Server Error", "46", "the handler failed"));
	cr_assert_eq(rig.hub.streams, 0);
}
