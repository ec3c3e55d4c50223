/* SPDX-License-Identifier: MIT */
/*
 * http.c - examples/later.c and examples/upload.c under the test kit.
 */
#include <criterion/criterion.h>
#include <portico/test.h>
#include <string.h>

#include "rig.h"

TestSuite(kit_http, .timeout = 60);

/* ---- later ---- */

Test(kit_http, later_answers_when_its_time_has_come)
{
	struct portico_test *t = portico_test_new(.file = example("later"), .settings = "wait = 30s\n");
	struct portico_test_client *c = rig_ask(t);

	portico_test_advance(t, 29.99);
	cr_assert_null(portico_test_reply(c));
	portico_test_advance(t, 0.01);
	struct portico_test_reply *r = portico_test_reply(c);
	cr_assert_eq(r->status, 200);
	cr_assert_str_eq(r->body, "Sorry to keep you waiting\n");
	cr_assert_str_eq(portico_test_field(r, "Date"), "Thu, 01 Jan 2026 00:00:30 GMT");
	portico_test_end(t);
}

Test(kit_http, later_stops_its_timer_when_the_client_has_gone)
{
	struct portico_test *t = portico_test_new(.file = example("later"));
	struct portico_test_client *c = rig_ask(t);

	portico_test_leave(c);
	portico_test_advance(t, 10.);
	cr_assert_str_eq(portico_test_logs(t), "");
	portico_test_end(t);
}

Test(kit_http, later_answers_what_waits_during_a_drain)
{
	struct portico_test *t = portico_test_new(.file = example("later"));
	struct portico_test_client *c = rig_ask(t);

	portico_test_drain(t);
	portico_test_advance(t, 1.);
	struct portico_test_reply *r = portico_test_reply(c);
	cr_assert_eq(r->status, 200);
	cr_assert_str_eq(portico_test_field(r, "Connection"), "close");
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_ENDED);
	portico_test_end(t);
}

Test(kit_http, later_is_cut_when_the_time_to_drain_is_over)
{
	struct portico_test *t = portico_test_new(.file = example("later"), .settings = "wait = 60s\n");
	struct portico_test_client *c = rig_ask(t);

	portico_test_drain(t);
	portico_test_drain_is_over(t);
	cr_assert_null(portico_test_reply(c));
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_CUT);
	portico_test_end(t);
}

/* ---- upload ---- */

Test(kit_http, upload_counts_a_body_of_any_size)
{
	static char body[3 * 1024 * 1024];
	struct portico_test *t = portico_test_new(.file = example("upload"), .service = "max_body = 4m\n");

	memset(body, 'x', sizeof(body));
	cr_assert_eq(strncmp(portico_test_post(t, "/", body, sizeof(body))->body, "3145728 bytes, ", 15), 0);
	cr_assert_str_eq(portico_test_post(t, "/", "abc", 3)->body, "3 bytes, FNV-1a 1a47e90b\n");
	struct portico_test_reply *r = portico_test_get(t, "/");
	cr_assert_eq(r->status, 405);
	cr_assert_str_eq(portico_test_field(r, "Allow"), "POST, PUT");
	portico_test_end(t);
}

Test(kit_http, upload_is_told_to_go_on_and_bounded)
{
	struct portico_test *t = portico_test_new(.file = example("upload"), .service = "max_body = 10\n");
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_say(c, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
	cr_assert_str_eq(portico_test_received(c, NULL), "HTTP/1.1 100 Continue\r\n\r\n");
	portico_test_say(c, "abc");
	cr_assert_eq(portico_test_reply(c)->status, 200);
	cr_assert_eq(portico_test_post(t, "/", "0123456789a", 11)->status, 413);
	portico_test_end(t);
}

Test(kit_http, upload_counts_the_same_however_it_is_cut)
{
	static const char requests[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: t\r\n\r\n"
		"PUT /b HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n1234";

	portico_test_every_cut(requests, sizeof(requests) - 1, .file = example("upload"));
}

Test(kit_http, a_slow_client_is_told_so)
{
	struct portico_test *t = portico_test_new(.file = example("upload"), .service = "head_time = 5s\n");
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_say(c, "POST / HT");
	portico_test_advance(t, 4.9);
	cr_assert_null(portico_test_reply(c));
	portico_test_advance(t, 0.2);
	cr_assert_eq(portico_test_reply(c)->status, 408);
	portico_test_end(t);
}
