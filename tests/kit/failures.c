/* SPDX-License-Identifier: MIT */
/*
 * failures.c - what the test kit must not let pass: each with the sentence that it is told by.
 */
#include <criterion/criterion.h>
#include <ev.h>
#include <portico/test.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

TestSuite(kit_failures, .timeout = 60);

static unsigned failures;
static char     said[4096];

static void note(const char *sentence)
{
	failures++;
	snprintf(said, sizeof(said), "%s", sentence);
}

static void failed(const char *sentence)
{
	cr_assert_eq(failures, 1, "%u failures, the last '%s'", failures, said);
	cr_assert_str_eq(said, sentence);
	failures = 0;
}

static void failed_with(const char *part)
{
	cr_assert_eq(failures, 1, "%u failures, the last '%s'", failures, said);
	cr_assert_not_null(strstr(said, part), "said '%s'", said);
	failures = 0;
}

/* ---- broken contracts, in portico's words ---- */

static int forget(struct portico_request *r)
{
	(void)r;
	return 0;
}

static int half(struct portico_request *r)
{
	portico_reply_begin(r, 200, 10);
	portico_reply_write(r, "12345", 5);
	return 0;
}

static int short_one(struct portico_request *r)
{
	portico_reply_begin(r, 200, 10);
	portico_reply_write(r, "12345", 5);
	return portico_reply_end(r) < 0 ? PORTICO_LATER : -1;
}

static ssize_t too_much(struct portico_conn *c, const void *data, size_t len)
{
	(void)c;
	(void)data;
	return (ssize_t)len + 1;
}

static ssize_t nothing(struct portico_conn *c, const void *data, size_t len)
{
	(void)c;
	(void)data;
	(void)len;
	return 0;
}

static const struct portico_plugin forgets = PORTICO_TEST_PLUGIN(.name = "bad", .http_request = forget);
static const struct portico_plugin halves = PORTICO_TEST_PLUGIN(.name = "bad", .http_request = half);
static const struct portico_plugin shortens = PORTICO_TEST_PLUGIN(.name = "bad",
	.http_request = short_one);
static const struct portico_plugin greedy = PORTICO_TEST_PLUGIN(.name = "bad", .tcp_data = too_much);
static const struct portico_plugin lazy = PORTICO_TEST_PLUGIN(.name = "bad", .tcp_data = nothing);

Test(kit_failures, a_request_without_a_reply)
{
	struct portico_test *t = portico_test_new(.plugin = &forgets, .failed = note);

	cr_assert_eq(portico_test_get(t, "/")->status, 500);
	failed("handler test / (plugin bad): http_request() returned without a reply; "
		"return PORTICO_LATER to reply later");
	portico_test_end(t);
}

/* Told in a sentence with part in it, and the client does not take half for the whole. */
static void is_cut(const struct portico_plugin *plugin, const char *part)
{
	struct portico_test *t = portico_test_new(.plugin = plugin, .failed = note);
	struct portico_test_client *c = rig_ask(t);

	failed_with(part);
	cr_assert_null(portico_test_reply(c));
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_CUT);
	portico_test_end(t);
}

Test(kit_failures, a_reply_that_is_not_ended)
{
	is_cut(&halves, "http_request() gave 0 with its reply begun and not ended");
}

Test(kit_failures, a_reply_shorter_than_it_said)
{
	is_cut(&shortens, "portico_reply_end() before the announced length was written");
}

Test(kit_failures, more_used_than_there_was)
{
	struct portico_test *t = portico_test_new(.plugin = &greedy, .protocol = PORTICO_TEST_TCP,
		.failed = note);
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_say(c, "x");
	failed("handler test (plugin bad): tcp_data() says it used more than there was; "
		"connection cut");
	cr_assert_eq(portico_test_state(c), PORTICO_TEST_CUT);
	portico_test_end(t);
}

Test(kit_failures, input_that_can_never_go_on)
{
	struct portico_test *t = portico_test_new(.plugin = &lazy, .protocol = PORTICO_TEST_TCP,
		.service = "max_input = 1k\n", .failed = note);
	static char block[2000];

	portico_test_send(portico_test_connect(t, NULL), block, sizeof(block));
	failed_with("tcp_data() left max_input bytes unused");
	portico_test_end(t);
}

/* ---- what only the kit sees ---- */

static void again(void *arg)
{
	portico_timer_start(arg, 0., 0., again, arg);
}

static int start_spin(struct portico_service *s)
{
	again(s);
	return 0;
}

static int answer(struct portico_request *r)
{
	return portico_reply_text(r, 200, "x");
}

static const struct portico_plugin spins = PORTICO_TEST_PLUGIN(.name = "bad", .start = start_spin,
	.http_request = answer);

Test(kit_failures, a_loop_that_never_rests)
{
	struct portico_test *t = portico_test_new(.plugin = &spins, .failed = note);

	failed_with("its loop does not come to rest");
	cr_assert_not_null(t);
}

static ev_io watcher;

static void on_pipe(struct ev_loop *loop, ev_io *w, int events)
{
	char byte;

	(void)events;
	*(bool *)w->data = read(w->fd, &byte, 1) == 1;
	ev_io_stop(loop, w);
}

static bool came;
static int  ends[2];

static int start_watcher(struct portico_service *s)
{
	ev_io_init(&watcher, on_pipe, ends[0], EV_READ);
	watcher.data = &came;
	ev_io_start(portico_service_loop(s), &watcher);
	return 0;
}

static const struct portico_plugin watches = PORTICO_TEST_PLUGIN(.name = "mine",
	.start = start_watcher, .http_request = answer);

Test(kit_failures, a_watcher_that_stop_left_behind)
{
	cr_assert_eq(pipe(ends), 0);
	struct portico_test *t = portico_test_new(.plugin = &watches, .failed = note);
	portico_test_end(t);
	failed("handler test /: watchers of its own are still active after stop()");
}

static bool is_so(void *arg)
{
	return *(bool *)arg;
}

Test(kit_failures, a_watcher_of_the_handlers_own_is_waited_for)
{
	cr_assert_eq(pipe(ends), 0);
	struct portico_test *t = portico_test_new(.plugin = &watches);
	cr_assert_not(portico_test_wait(t, is_so, &came, 0.01));
	cr_assert_eq(write(ends[1], "x", 1), 1);
	cr_assert(portico_test_wait(t, is_so, &came, 10.));
	portico_test_end(t);
}

static int refuse(struct portico_service *s)
{
	portico_log(s, PORTICO_ERROR, "no %s today", "service");
	return -1;
}

static const struct portico_plugin refuses = PORTICO_TEST_PLUGIN(.name = "bad", .start = refuse,
	.http_request = answer);

Test(kit_failures, a_service_that_does_not_start)
{
	static const char why[] =
		"error handler test /: no service today\nhandler test /: its start() failed\n";

	cr_assert_null(portico_test_new(.plugin = &refuses, .failed = note));
	failed(why);
	cr_assert_str_eq(portico_test_refuses(.plugin = &refuses), why);
}

Test(kit_failures, two_services_at_a_time)
{
	struct portico_test *t = portico_test_new(.file = example("hello"));

	cr_assert_null(portico_test_new(.file = example("hello"), .failed = note));
	failed_with("a service exists already");
	portico_test_end(t);
	portico_test_end(portico_test_new(.file = example("hello")));
}

Test(kit_failures, what_it_would_only_seem_to_test)
{
	cr_assert_str_eq(portico_test_refuses(.file = example("hello"),
		.service = "proxy_protocol = yes\nproxy_from = 10.0.0.0/8\n"),
		"the test kit speaks neither TLS nor PROXY headers: test that with the server\n");
}

static int later(struct portico_request *r)
{
	(void)r;
	return PORTICO_LATER;
}

static const struct portico_plugin waits = PORTICO_TEST_PLUGIN(.name = "bad", .http_request = later);

Test(kit_failures, a_reply_that_does_not_come)
{
	struct portico_test *t = portico_test_new(.plugin = &waits, .failed = note);

	cr_assert_eq(portico_test_get(t, "/")->status, 0);
	failed("GET /: no whole reply came: the handler is not done");
	portico_test_end(t);
}

/* Takes every read for a line, as it seems to work on a quiet network. */
static ssize_t by_reads(struct portico_conn *c, const void *data, size_t len)
{
	(void)data;
	portico_conn_write(c, "line\n", 5);
	return (ssize_t)len;
}

static const struct portico_plugin careless = PORTICO_TEST_PLUGIN(.name = "bad", .tcp_data = by_reads);

Test(kit_failures, an_answer_that_depends_on_the_cuts)
{
	portico_test_every_cut("abc\n", 4, .plugin = &careless, .protocol = PORTICO_TEST_TCP,
		.failed = note);
	failed("cut behind byte 1, the answer is 'line\nline\n' (10 bytes, ended) in place of "
		"'line\n' (5 bytes, ended)");
}

Test(kit_failures, a_mistake_of_the_test)
{
	struct portico_test *t = portico_test_new(.file = example("hello"), .failed = note);
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_advance(t, -1.);
	failed_with("cannot pass");
	portico_test_socket_say(c, "x");
	failed_with("no WebSocket");
	cr_assert_null(portico_test_connect(t, "nowhere"));
	failed_with("nowhere is no address");
	portico_test_end(t);
	portico_test_every_cut("x", 1, .file = example("udp_echo"), .protocol = PORTICO_TEST_UDP,
		.failed = note);
	failed_with("nobody cuts a datagram");
}

Test(kit_failures, nothing_said_about_failures_aborts, .signal = SIGABRT)
{
	portico_test_get(portico_test_new(.plugin = &forgets), "/");
}
