/* SPDX-License-Identifier: MIT */
/*
 * hello.c - examples/hello.c, linked into its test as a handler's author would do it.
 */
#include <criterion/criterion.h>
#include <portico/test.h>
#include <string.h>

#include "../../examples/hello.c"

TestSuite(kit_hello, .timeout = 60);

Test(kit_hello, greets)
{
	struct portico_test *t = portico_test_new(.settings = "greeting = Hi\n");
	struct portico_test_reply *r = portico_test_get(t, "/");

	cr_assert_eq(r->status, 200);
	cr_assert_str_eq(r->body, "Hi\n");
	cr_assert_str_eq(portico_test_field(r, "content-type"), "text/plain; charset=utf-8");
	cr_assert_str_eq(portico_test_field(r, "X-Content-Type-Options"), "nosniff");
	cr_assert_null(portico_test_field(r, "X-None"));
	cr_assert_str_eq(portico_test_logs(t), "");
	portico_test_end(t);
}

Test(kit_hello, answers_head_without_a_body_and_goes_on)
{
	struct portico_test *t = portico_test_new();
	struct portico_test_client *c = portico_test_connect(t, "192.0.2.7:4711");

	portico_test_request(c, "HEAD", "/", NULL, NULL, 0);
	portico_test_request(c, "GET", "/again", NULL, NULL, 0);
	struct portico_test_reply *r = portico_test_reply(c);
	cr_assert_eq(r->status, 200);
	cr_assert_eq(r->len, 0);
	cr_assert_str_eq(portico_test_field(r, "Content-Length"), "6");
	cr_assert_str_eq(portico_test_reply(c)->body, "Hello\n");
	cr_assert_null(portico_test_reply(c));
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_OPEN);
	portico_test_end(t);
}

Test(kit_hello, may_be_asked_as_often_as_its_rate_says)
{
	struct portico_test *t = portico_test_new(.service = "rate_client = 1/s\n");

	cr_assert_eq(portico_test_get(t, "/")->status, 200);
	struct portico_test_reply *r = portico_test_get(t, "/");
	cr_assert_eq(r->status, 429);
	cr_assert_str_eq(portico_test_field(r, "Retry-After"), "1");
	portico_test_advance(t, 1.);
	cr_assert_eq(portico_test_get(t, "/")->status, 200);
	portico_test_end(t);
}

Test(kit_hello, refuses_settings_with_the_words_that_an_operator_reads)
{
	cr_assert_str_eq(portico_test_refuses(.settings = "greting = Hi\n"),
		"handler test /: greting is not an option of [handler test /]; did you mean greeting?\n");
	cr_assert_null(portico_test_refuses(.settings = "greeting = Hi\n"));
	cr_assert_str_eq(portico_test_refuses(.protocol = PORTICO_TEST_TCP),
		"handler test: plugin hello has no tcp_open() nor tcp_data(), so it cannot serve "
		"protocol tcp; use another plugin or another protocol\n");
	cr_assert_not_null(strstr(portico_test_refuses(.service = "max_body = much\n"), "max_body"));
	cr_assert_not_null(strstr(portico_test_refuses(.file = "/nowhere.so"), "cannot load the plugin"));
}

Test(kit_hello, answers_the_same_however_the_request_is_cut)
{
	static const char requests[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
		"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"
		"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

	portico_test_every_cut(requests, sizeof(requests) - 1, .settings = "greeting = Hi\n");
}
