/* SPDX-License-Identifier: MIT */
/* offload.c - blocking work of handlers: what clients and the operator see of it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(offload);

static struct server *start(const char *keys)
{
	return server_start("[portico]\nworkers = 1\n%s\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/offload.so\nfile = %s\n", keys, path_of("go"));
}

static int ask(const char *path)
{
	int fd = client_connect(8080);
	char text[64];

	snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
	client_says(fd, text);
	return fd;
}

/* With a reset: who only says no more may still read. */
static void go_away(int fd)
{
	struct linger now = { .l_onoff = 1 };

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd);
}

static void assert_answer(int fd, int status, const char *body)
{
	struct response r;

	cr_assert(client_response(fd, &r), "no answer");
	cr_assert_eq(r.status, status);
	cr_assert_str_eq(r.body, body);
	close(fd);
}

/* Of the only worker of the newest generation. */
static double told_number(const char *key)
{
	json_t *status = status_read();
	json_t *g = json_array_get(json_object_get(status, "generations"), 0);
	json_t *w = json_array_get(json_object_get(g, "workers"), 0);
	json_t *value = json_object_get(json_object_get(w, "offload"), key);

	cr_assert(json_is_number(value), "no %s in the status", key);
	double number = json_number_value(value);
	json_decref(status);
	return number;
}

static bool so_many_wait(void *count)
{
	return told_number("queued") == *(double *)count;
}

static void await_queued(double count)
{
	cr_assert(wait_until(so_many_wait, &count, PATIENCE), "%g wait", told_number("queued"));
}

/* The client of work that has begun; it goes on until there is a file "go". */
static int begin_work(struct server *s)
{
	int fd = ask("/wait");

	server_await(s, "work /wait begins");
	return fd;
}

static void begin_work_for_nobody(struct server *s)
{
	go_away(begin_work(s));
	server_await(s, "request /wait is done before its work");
}

Test(offload, others_are_served_while_work_blocks)
{
	struct server *s = start("");
	int fd = begin_work(s);

	assert_answer(ask("/quick"), 200, "/quick");
	write_file("go", "now");
	assert_answer(fd, 200, "/wait");
	server_stop(s);
}

Test(offload, the_example_answers_when_its_work_is_done)
{
	struct server *s = server_start("[portico]\nworkers = 1\noffload_threads = 1\noffload_queue = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${E}/slow.so\ntakes = %s\n", "200ms");

	go_away(ask("/"));
	assert_answer(ask("/"), 200, "That took 0.2 s\n");
	server_stop(s);
}

Test(offload, a_full_queue_is_an_error_that_the_handler_sees)
{
	struct server *s = start("offload_threads = 1\noffload_queue = 2");
	int fds[3];

	fds[0] = begin_work(s);
	fds[1] = ask("/quick");
	fds[2] = ask("/quick");
	await_queued(2.);
	assert_answer(ask("/quick"), 503, "EAGAIN");
	write_file("go", "now");
	assert_answer(fds[0], 200, "/wait");
	assert_answer(fds[1], 200, "/quick");
	assert_answer(fds[2], 200, "/quick");
	server_stop(s);
}

Test(offload, a_handler_learns_that_the_client_has_gone)
{
	struct server *s = start("");

	begin_work_for_nobody(s);
	write_file("go", "now");
	server_await(s, "work /wait done for nobody");
	server_stop(s);
}

Test(offload, who_says_no_more_still_gets_its_answer)
{
	struct server *s = start("");
	int fd = ask("/wait");

	client_ends(fd);
	server_await(s, "work /wait begins");
	assert_answer(ask("/quick"), 200, "/quick");
	write_file("go", "now");
	assert_answer(fd, 200, "/wait");
	cr_assert(!server_says(s, "is done before its work"));
	server_stop(s);
}

/* What waits is no less in hand than what has begun. */
Test(offload, a_drain_waits_for_work_begun_and_not)
{
	struct server *s = start("offload_threads = 1");
	int first = begin_work(s), second = ask("/quick");

	await_queued(1.);
	server_signal(s, SIGTERM);
	server_await(s, "TERM: finishing");
	write_file("go", "now");
	assert_answer(first, 200, "/wait");
	assert_answer(second, 200, "/quick");
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	server_assert_gone(s);
}

/* Also work for which no connection waits any more. */
Test(offload, a_reload_waits_for_work_whose_client_has_gone)
{
	struct server *s = start("");

	begin_work_for_nobody(s);
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	cr_assert_eq(server_count(s, "left after"), 0, "the old worker does not wait");
	write_file("go", "now");
	server_await(s, "work /wait done for nobody");
	server_await(s, "left after");
	cr_assert(!server_says(s, "left behind"));
	server_stop(s);
}

Test(offload, work_that_never_returns_is_seen_and_ends_with_its_worker)
{
	struct server *s = start("drain = 1s\noffload_threads = 1");
	struct outcome o;
	int hangs = ask("/hang");

	server_await(s, "work /hang begins");
	int waits = ask("/quick");
	await_queued(1.);
	cr_assert_eq(told_number("busy"), 1.);
	double longest = told_number("longest");
	let_pass(0.05);
	cr_assert_gt(told_number("longest"), longest);
	verb_succeeds(&o, "status", NULL);
	cr_assert(strstr(o.out, ", offloaded: 1 busy, 1 queued, longest "), "%s", o.out);
	cr_assert(strstr(o.out, ", 1 thread\n"), "%s", o.out);
	cr_assert(strstr(o.out, "slot 0: offloaded work waits for a thread: 1 busy, 1 queued\n"), "%s", o.out);

	double begin = seconds_now();
	server_signal(s, SIGTERM);
	client_expect_end(hangs, true);
	client_expect_end(waits, true);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	cr_assert_geq(seconds_now() - begin, 0.9, "it was not waited for");
	cr_assert(server_says(s, "work /quick cancelled"));
	cr_assert(server_says(s, "offloaded work that has not returned is left behind"));
	cr_assert_eq(server_count(s, ": stop\n"), 1, "stop() is called all the same");
	cr_assert_eq(server_count(s, "left after"), 1);
	cr_assert_eq(server_count(s, "died after"), 0);
	server_assert_gone(s);
}

/* After a reload, for the worker that ended is told of, not the one that serves. */
Test(offload, what_was_left_behind_is_counted)
{
	struct server *s = start("drain = 200ms");
	struct outcome o;
	int fd = ask("/hang");

	server_await(s, "work /hang begins");
	server_signal(s, SIGHUP);
	client_expect_end(fd, true);
	server_await(s, "left after");
	verb_succeeds(&o, "status", NULL);
	cr_assert(strstr(o.out, "slot 0: offloaded work that had not returned when its worker ended: 1\n"), "%s",
		o.out);
	server_stop(s);
}

Test(offload, second_term_does_not_wait_for_it)
{
	struct server *s = start("drain = 60s");
	int fd = ask("/hang");

	server_await(s, "work /hang begins");
	server_signal(s, SIGTERM);
	server_await(s, "TERM: finishing");
	server_signal(s, SIGTERM);
	client_expect_end(fd, true);
	cr_assert_eq(server_await_exit(s, 10.), 0);
	server_assert_gone(s);
}

#ifndef __SANITIZE_ADDRESS__    /* which tells of it in its own words */
static void assert_crash_is_told(const char *path)
{
	struct server *s = start("");
	int fd = ask(path);

	client_expect_end(fd, true);
	server_await(s, "ended by SIGSEGV; where it was");
	server_await(s, "serving, in offloaded work of handler web /");
	server_await(s, strcmp(path, "/deep") == 0 ? "#1 overrun" : "crash_in_work+");
	assert_answer(ask("/quick"), 200, "/quick");
	server_stop(s);
}

Test(offload, a_crash_names_the_handler_and_the_place)
{
	assert_crash_is_told("/crash");
}

Test(offload, an_overrun_stack_of_a_thread_is_told, .timeout = 90)
{
	assert_crash_is_told("/deep");
}
#endif

Test(offload, threads_are_allowed_where_little_is)
{
	struct server *s = start("user = nobody\nseccomp = kill\nread_paths = none");

	for (int i = 0; i < 10; i++)
		assert_answer(ask("/quick"), 200, "/quick");
	server_stop(s);
}
