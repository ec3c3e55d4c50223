/* SPDX-License-Identifier: MIT */
/* crash.c - what an operator and the clients see when a process dies. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(crash);

#define WEB(workers, plugin)                                                 \
	"[portico]\nworkers = " #workers "\n"                                \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/" plugin "\n%s"

struct replacement {
	struct server *server;
	pid_t          dead;
};

static bool is_replaced(void *arg)
{
	struct replacement *r = arg;
	pid_t workers[8];
	size_t count = server_workers(r->server, workers, 8);

	for (size_t i = 0; i < count; i++)
		if (workers[i] == r->dead)
			return false;
	return count == 2;
}

static void kill_one(struct server *s, unsigned slot)
{
	struct replacement r = { .server = s, .dead = status_await_worker(slot) };

	cr_assert_eq(kill(r.dead, SIGKILL), 0);
	cr_assert(wait_until(is_replaced, &r, PATIENCE), "no replacement came");
}

/* What was accepted dies with its worker, at most a batch of accept(); nobody else. */
Test(crash, kill_9_of_a_worker_under_load_refuses_nobody)
{
	enum { KILLS = 5 };
	struct load l;
	struct server *s = server_start(WEB(2, "who.so"), "");

	load_start(&l, 8080, 400);
	for (unsigned i = 0; i < KILLS; i++) {
		kill_one(s, i % 2);
		load_await(&l, 40);
	}
	load_stop(&l);
	cr_assert_eq(l.result->refused, 0);
	cr_assert_eq(l.result->timed_out, 0);
	cr_assert_eq(l.result->wrong, 0);
	cr_assert_eq(l.result->others, 0);
	cr_assert_leq(l.result->reset + l.result->truncated, KILLS * LOAD_IN_HAND);
	cr_assert_eq(server_count(s, "of signal 9 (Killed), serving"), KILLS);
	server_stop(s);
}

Test(crash, clients_in_the_queue_of_a_dead_worker_are_served_by_its_successor)
{
	enum { CLIENTS = 20 };
	struct server *s = server_start(WEB(1, "who.so"), "");
	struct response r;
	int fds[CLIENTS];
	pid_t worker;

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	cr_assert_eq(kill(worker, SIGSTOP), 0);
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(8080);
		client_says(fds[i], "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	}
	cr_assert_eq(kill(worker, SIGKILL), 0);
	for (int i = 0; i < CLIENTS; i++) {
		cr_assert(client_response(fds[i], &r), "client %d has no answer", i);
		cr_assert_eq(r.status, 200);
		close(fds[i]);
	}
	server_stop(s);
}

Test(crash, datagrams_in_the_queue_of_a_dead_worker_are_served_by_its_successor)
{
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service echo]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"
		"[handler echo]\nplugin = ${E}/udp_echo.so\n%s", "");
	int fd = udp_client("127.0.0.1", 7001);
	char answer[16];
	pid_t worker;

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	cr_assert_eq(kill(worker, SIGSTOP), 0);
	cr_assert_eq(send(fd, "wait", 4, 0), 4);
	cr_assert_eq(kill(worker, SIGKILL), 0);
	cr_assert_eq(recv(fd, answer, sizeof(answer), 0), 4);
	server_stop(s);
}

Test(crash, segfault_in_a_handler_names_the_callback_and_handler)
{
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${E}/hello.so\n"
		"[handler web /api]\nplugin = ${T}/crash_on_request.so\n%s", "");
	struct response r;

	cr_assert_str_eq(http_get(8080, "/api/fine"), "fine\n");
	cr_assert_eq(http_raw(8080, "GET /api/crash HTTP/1.1\r\nHost: test\r\n\r\n", &r), 0);
	server_await(s, "generation 1) died after ");
	server_await(s, "of signal 11 (Segmentation fault), serving, in http_request() "
		"of handler web /api");
	cr_assert_str_eq(http_get(8080, "/api/fine"), "fine\n");
	cr_assert_str_eq(http_get(8080, "/"), "Hello\n");
	server_stop(s);
}

/* It leaves with code 0, but nobody told it to. */
Test(crash, exit_in_a_handler_names_the_callback_and_handler)
{
	struct server *s = server_start(WEB(1, "exit_on_request.so"), "");
	struct response r;

	cr_assert_eq(http_raw(8080, "GET /exit HTTP/1.1\r\nHost: test\r\n\r\n", &r), 0);
	cr_assert_str_eq(http_get(8080, "/"), "fine\n");
	cr_assert(server_says(s, "in http_request() of handler web /"),
		"the log does not say which handler ended the worker");
	server_stop(s);
}

Test(crash, early_deaths_are_throttled)
{
	struct server *s = server_start(WEB(2, "die_early.so") "file = %s\n", "", path_of("die"));

	write_file("die", "now");
	server_await(s, "of exit code 42, serving, in a timer of handler web /");
	server_await(s, "slot 0: 2 workers in a row died early; next try in 0.1 s");
	server_await(s, "slot 0: 3 workers in a row died early; next try in 0.2 s");
	server_await(s, "slot 0: 4 workers in a row died early; next try in 0.4 s");
	cr_assert_eq(server_count(s, "slot 1:"), 0);
	cr_assert_eq(unlink(path_of("die")), 0);
	for (int i = 0; i < 20; i++)
		cr_assert_str_eq(http_get(8080, "/"), "alive\n");
	server_await_workers(s, 2);
	server_stop(s);
}

/* The worker that drains had the slot before them, and its end says nothing of them. */
Test(crash, the_end_of_a_worker_that_drains_is_nothing_to_the_throttle)
{
	struct server *s = server_start("[portico]\nworkers = 1\ndrain = 60s\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/deferred.so\nfile = %s\n"
		"[handler web /die]\nplugin = ${T}/die_in_start.so\nfile = %s\nslot = 0\n",
		path_of("go"), path_of("die"));
	int fd = client_connect(8080);
	struct response r;
	struct outcome o;

	client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "request in hand");
	verb_succeeds(&o, "retire", "0");
	pid_t successor = status_await_worker(0);
	write_file("die", "now");
	cr_assert_eq(kill(successor, SIGKILL), 0);
	server_await(s, "slot 0: 5 workers in a row died early; next try in 0.8 s");
	write_file("go", "now");
	cr_assert(client_response(fd, &r));
	close(fd);
	server_await(s, "left after");
	server_await(s, "slot 0: 6 workers in a row died early; next try in 1.6 s");
	cr_assert_eq(server_count(s, "of exit code 42"), 5);
	cr_assert_eq(unlink(path_of("die")), 0);
	status_await_worker(0);
	server_stop(s);
}

static bool worker_1_answers(void *arg)
{
	int *answers = arg;
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	if (!client_hears_nothing(fd, 0.1) && client_response(fd, &r) && r.status == 200)
		++*answers;
	close(fd);
	return *answers >= 20;
}

Test(crash, the_others_serve_while_one_dies_again_and_again)
{
	struct server *s = server_start(WEB(2, "die_early.so") "file = %s\n", "", path_of("die"));
	int answers = 0;

	write_file("die", "now");
	server_await(s, "4 workers in a row died early");
	cr_assert(wait_until(worker_1_answers, &answers, PATIENCE));
	cr_assert_eq(unlink(path_of("die")), 0);
	server_stop(s);
}

Test(crash, worker_ends_when_its_master_died)
{
	struct server *s = server_start(WEB(2, "who.so"), "");
	struct response r;
	int fd = client_connect(8080);

	client_get(fd, "/", &r);
	server_signal(s, SIGKILL);
	cr_assert_eq(server_await_exit(s, PATIENCE), -1);
	client_expect_end(fd, false);
	server_assert_gone(s);
	cr_assert(client_is_refused("127.0.0.1", 8080));
	cr_assert(server_says(s, "the master is gone; finishing what is here"));
	struct server *again = server_start(WEB(2, "who.so"), "");
	http_get(8080, "/");
	server_stop(again);
}

Test(crash, a_request_in_hand_survives_the_master)
{
	struct server *s = server_start(WEB(1, "deferred.so") "file = %s\n", "", path_of("go"));
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "request in hand");
	server_signal(s, SIGKILL);
	cr_assert_eq(server_await_exit(s, PATIENCE), -1);
	server_await(s, "the master is gone");
	write_file("go", "now");
	cr_assert(client_response(fd, &r));
	cr_assert_str_eq(r.body, "at last\n");
	close(fd);
	server_assert_gone(s);
}

/* Only the master says when a worker ends; a TERM that was meant for all of them, as systemd
 * sends it to a whole cgroup, must not make one leave its queue alone. */
Test(crash, term_to_a_worker_alone_changes_nothing)
{
	struct server *s = server_start(WEB(1, "deferred.so") "file = %s\n", "", path_of("go"));
	struct response r;
	pid_t before, after;
	int old = client_connect(8080);

	client_says(old, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "request in hand");
	cr_assert_eq(server_workers(s, &before, 1), 1);
	cr_assert_eq(kill(before, SIGTERM), 0);
	int fresh = client_connect(8080);
	client_says(fresh, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await_count(s, "request in hand", 2);
	write_file("go", "now");
	cr_assert(client_response(old, &r));
	cr_assert_not(r.close);
	cr_assert(client_response(fresh, &r));
	cr_assert_not(r.close);
	close(old);
	close(fresh);
	cr_assert_eq(server_workers(s, &after, 1), 1);
	cr_assert_eq(after, before);
	server_stop(s);
}
