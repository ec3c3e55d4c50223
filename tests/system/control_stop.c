/* SPDX-License-Identifier: MIT */
/* control_stop.c - portico stop: what it waits for, and what can be had meanwhile. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "control_rig.h"
#include "greeting.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(control_stop);

static char process_state(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	const char *rest = strrchr(read_file(path), ')');
	return rest ? rest[2] : '-';
}

static bool can_be_bound(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	bool good = bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 1) == 0;
	close(fd);
	return good;
}

/* It waits for a request in hand, whose connection is given. */
static int begin_stop(struct server *s, struct asked *stop)
{
	int fd = client_connect(8080);

	client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "request in hand");
	verb_begin(stop, "stop", NULL);
	server_await(s, "stop: finishing");
	return fd;
}

/* Who has waited for the drain before must not wait for another one. */
Test(control_stop, stop_again_leaves_the_deadline_where_it_was)
{
	struct server *s = server_start("[portico]\nworkers = 1\ndrain = 4s\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/deferred.so\nfile = %s\n", path_of("go"));
	struct asked stop, again;
	struct outcome o;

	double begin = seconds_now();
	int fd = begin_stop(s, &stop);
	let_pass(3.);
	verb_begin(&again, "stop", NULL);
	cr_assert_eq(verb_await(&again, &o), 0, "%s", o.err);
	cr_assert_str_eq(o.out, "stopped\n");
	cr_assert_eq(verb_await(&stop, &o), 0, "%s", o.err);
	cr_assert_lt(seconds_now() - begin, 6.5);
	close(fd);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	server_assert_gone(s);
}

Test(control_stop, stop_returns_when_the_master_is_gone_and_the_port_is_free)
{
	struct server *s = server_start(DEFERRED, path_of("go"));
	struct asked stop;
	struct outcome o;
	struct response r;
	int fd = begin_stop(s, &stop);

	client_await_refusal(8080);
	cr_assert_not(verb_has_ended(&stop), "it returned before the last request was answered");
	write_file("go", "now");
	cr_assert(client_response(fd, &r));
	cr_assert_str_eq(r.body, "at last\n");
	close(fd);
	cr_assert_eq(verb_await(&stop, &o), 0);
	char state = process_state(server_pid(s));
	cr_assert(can_be_bound(8080));
	cr_assert_str_eq(o.out, "stopped\n");
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	server_assert_gone(s);
	cr_assert_eq(state, 'Z', "the master was still there, in state %c", state);
}

/* As `portico stop && portico run` in a script. */
Test(control_stop, a_run_right_after_a_stop_starts)
{
	struct outcome o;

	for (int i = 0; i < 15; i++) {
		struct server *s = server_start(AT_PATH, path_of("control.sock"), "again");
		verb_succeeds(&o, "stop", NULL);
		write_file("portico.ini", i % 2 ? GREETING : AT_PATH,
			i % 2 ? "again" : path_of("control.sock"), "again");
		struct server *next = server_spawn(NULL);
		server_await_generation(next, 1);
		verb_succeeds(&o, "stop", NULL);
		cr_assert_eq(server_await_exit(s, PATIENCE), 0);
		cr_assert_eq(server_await_exit(next, PATIENCE), 0);
		server_assert_gone(s);
		server_assert_gone(next);
	}
}

/* Not that its slots are down, which would be looked into. */
Test(control_stop, a_status_meanwhile_tells_that_it_ends)
{
	static const char ending[] = "ending, 1 worker finishes what is in hand, 0 lost\n";
	struct server *s = server_start(DEFERRED, path_of("go"));
	struct asked stop;
	struct outcome o;
	struct response r;
	int fd = begin_stop(s, &stop);

	server_await_workers(s, 1);
	verb_succeeds(&o, "status", NULL);
	cr_assert_eq(strncmp(o.out, ending, strlen(ending)), 0, "%s", o.out);
	cr_assert_eq(verb(&o, "drain", "0"), 1);
	cr_assert_str_eq(o.err, "portico is stopping\n");
	write_file("go", "now");
	cr_assert(client_response(fd, &r));
	close(fd);
	cr_assert_eq(verb_await(&stop, &o), 0);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}

Test(control_stop, what_is_asked_while_it_stops_is_told_so)
{
	struct server *s = server_start(DEFERRED, path_of("go"));
	struct asked stop, reload;
	struct outcome o;
	struct response r;
	int fd = begin_stop(s, &stop);

	verb_begin(&reload, "reload", NULL);
	bool told = verb_ends(&reload, 5.);
	write_file("go", "now");
	cr_assert(client_response(fd, &r));
	close(fd);
	cr_assert_eq(verb_await(&reload, &o), 1);
	cr_assert(told, "it was told only at the end: %s", o.err);
	cr_assert_not_null(strstr(o.err, "portico is stopping"), "%s", o.err);
	cr_assert_eq(verb_await(&stop, &o), 0);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	server_assert_gone(s);
}
