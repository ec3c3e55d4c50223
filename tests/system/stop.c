/* SPDX-License-Identifier: MIT */
/* stop.c - the ways to end a server, and its log. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(stop);

#define LATER                                                                \
	"[portico]\nworkers = 2\ndrain = %s\n"                               \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web]\nplugin = ${E}/later.so\nwait = %s\n"

static int ask(int port)
{
	int fd = client_connect(port);

	client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	return fd;
}

static void assert_sorry(int fd)
{
	struct response r;

	cr_assert(client_response(fd, &r), "the request in flight got no answer");
	cr_assert_eq(r.status, 200);
	cr_assert_str_eq(r.body, "Sorry to keep you waiting\n");
	client_expect_end(fd, false);
}

Test(stop, term_drains_and_exits_0)
{
	struct server *s = server_start(LATER, "20s", "500ms");
	int fds[5];

	for (int i = 0; i < 5; i++)
		fds[i] = ask(8080);
	server_signal(s, SIGTERM);
	for (int i = 0; i < 5; i++)
		assert_sorry(fds[i]);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	cr_assert_eq(server_count(s, "TERM: finishing"), 1);
	cr_assert_eq(server_count(s, "left after"), 2);
	server_assert_gone(s);
}

static bool is_closed(void *arg)
{
	(void)arg;
	return client_is_refused("127.0.0.1", 8080);
}

/* Who waits in the queue comes in before drain(), after which no client comes. */
Test(stop, a_handler_says_goodbye_to_who_came_last)
{
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service t]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
		"[handler t]\nplugin = ${T}/farewell.so\n%s", "");
	char text[8];
	pid_t worker;

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	cr_assert_eq(kill(worker, SIGSTOP), 0);
	int fd = client_connect(7000);
	server_signal(s, SIGTERM);
	server_await(s, "TERM: finishing");
	cr_assert_eq(kill(worker, SIGCONT), 0);
	cr_assert_eq(client_read_all(fd, text, sizeof(text)), 3);
	cr_assert_eq(memcmp(text, "bye", 3), 0);
	close(fd);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	server_assert_gone(s);
}

/* Somebody who comes too late should learn it at once, and try elsewhere. */
Test(stop, new_clients_are_refused_while_old_ones_are_finished)
{
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/deferred.so\nfile = %s\n", path_of("go"));
	struct response r;
	int fd = ask(8080);

	server_await(s, "request in hand");
	server_signal(s, SIGTERM);
	server_await(s, "TERM: finishing");
	bool refused = wait_until(is_closed, NULL, 5.);
	write_file("go", "now");
	cr_assert(client_response(fd, &r));
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	server_assert_gone(s);
	cr_assert(refused, "new clients are let in and wait for nothing");
}

Test(stop, drain_limits_how_long_it_takes)
{
	struct server *s = server_start(LATER, "500ms", "60s");
	int fd = ask(8080);

	server_signal(s, SIGTERM);
	client_expect_end(fd, true);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	cr_assert(server_says(s, "drain: time is up, 1 connections are cut"));
	server_assert_gone(s);
}

Test(stop, second_term_ends_at_once)
{
	struct server *s = server_start(LATER, "60s", "60s");
	int fd = ask(8080);

	server_signal(s, SIGTERM);
	server_await(s, "TERM: finishing");
	double begin = seconds_now();
	server_signal(s, SIGTERM);
	client_expect_end(fd, true);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	cr_assert(server_says(s, "TERM again: ending at once"));
	cr_assert_lt(seconds_now() - begin, 5.);
	server_assert_gone(s);
}

Test(stop, quit_waits_without_limit)
{
	struct server *s = server_start(LATER, "100ms", "1s");
	int fd = ask(8080);

	server_signal(s, SIGQUIT);
	assert_sorry(fd);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	cr_assert(server_says(s, "QUIT: finishing"));
	server_assert_gone(s);
}

/* A terminal sends it to every process of the group: the workers must leave it to the master. */
Test(stop, int_from_the_terminal_is_obeyed_once)
{
	struct server *s = server_start(LATER, "20s", "500ms");
	int fd = ask(8080);

	cr_assert_eq(kill(-server_pid(s), SIGINT), 0);
	assert_sorry(fd);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	cr_assert_eq(server_count(s, "INT: finishing"), 1);
	cr_assert_eq(server_count(s, "again"), 0);
	server_assert_gone(s);
}

/* So does systemd when it stops a unit. */
Test(stop, term_to_the_whole_group_drains_and_exits_0)
{
	struct server *s = server_start(LATER, "20s", "500ms");
	int fd = ask(8080);

	cr_assert_eq(kill(-server_pid(s), SIGTERM), 0);
	assert_sorry(fd);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	cr_assert_eq(server_count(s, "TERM: finishing"), 1);
	server_assert_gone(s);
}

Test(stop, while_it_starts)
{
	write_file("portico.ini", "[portico]\nworkers = 2\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/hang_in_start.so\n");
	struct server *s = server_spawn(NULL);

	server_await_count(s, "hanging in start()", 2);
	server_signal(s, SIGTERM);
	cr_assert_eq(server_await_exit(s, 10.), 0);
	server_assert_gone(s);
}

/* A trial that hangs is none of those who are served, so it has no claim to be waited for. */
Test(stop, while_a_reload_tries_a_plugin_that_hangs)
{
	struct server *s = server_start(LATER, "1s", "1s");

	server_reload(s, "[portico]\ndrain = 1s\nworkers = 2\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/hang_in_load.so\n");
	server_await(s, "hang_in_load: hanging");
	server_signal(s, SIGTERM);
	server_await(s, "TERM: finishing");
	server_signal(s, SIGTERM);
	cr_assert_eq(server_await_exit(s, 10.), 0, "it waits for the trial");
	server_assert_gone(s);
}

Test(stop, while_a_reload_starts_workers_that_hang)
{
	struct server *s = server_start(LATER, "1s", "1s");

	server_reload(s, "[portico]\nworkers = 4\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/hang_in_start.so\n");
	server_await(s, "hanging in start()");
	server_signal(s, SIGTERM);
	cr_assert_eq(server_await_exit(s, 10.), 0);
	server_assert_gone(s);
}

/* ---- the log ---- */

#define LOGGED                                                               \
	"[portico]\nworkers = 1\nlog = ./portico.log\n"                      \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web]\nplugin = ${T}/no_reply.so\n"

struct line {
	const char *file, *text;
};

static bool has_line(void *arg)
{
	const struct line *l = arg;
	return strstr(read_file(path_of(l->file)), l->text) != NULL;
}

static void await_line(const char *file, const char *text)
{
	struct line l = { .file = file, .text = text };

	cr_assert(wait_until(has_line, &l, PATIENCE), "%s never said: %s; but: %s", file, text,
		read_file(path_of(file)));
}

Test(stop, usr1_reopens_the_log)
{
	write_file("portico.ini", LOGGED);
	struct server *s = server_spawn(NULL);

	await_line("portico.log", "master: generation 1 serves");
	cr_assert_eq(http_status(8080, "/"), 500);
	await_line("portico.log", "worker 0: handler web /");
	cr_assert_eq(rename(path_of("portico.log"), path_of("portico.log.1")), 0);
	cr_assert_eq(http_status(8080, "/"), 500);
	cr_assert_neq(access(path_of("portico.log"), F_OK), 0);
	server_signal(s, SIGUSR1);
	await_line("portico.log", "master: USR1: log reopened");
	while (!strstr(read_file(path_of("portico.log")), "worker 0: handler web /"))
		cr_assert_eq(http_status(8080, "/"), 500);
	size_t old = strlen(read_file(path_of("portico.log.1")));
	cr_assert_eq(http_status(8080, "/"), 500);
	server_stop(s);
	cr_assert_eq(strlen(read_file(path_of("portico.log.1"))), old, "the old file still grows");
	await_line("portico.log", "TERM: finishing");
}

Test(stop, usr1_goes_on_when_the_log_cannot_be_opened)
{
	write_file("portico.ini", LOGGED);
	struct server *s = server_spawn(NULL);

	await_line("portico.log", "generation 1 serves");
	cr_assert_eq(rename(path_of("portico.log"), path_of("old.log")), 0);
	cr_assert_eq(symlink("no/such/place", path_of("portico.log")), 0);
	server_signal(s, SIGUSR1);
	await_line("old.log", "logging goes on where it was");
	cr_assert_eq(http_status(8080, "/"), 500);
	server_stop(s);
}
