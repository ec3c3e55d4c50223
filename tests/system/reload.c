/* SPDX-License-Identifier: MIT */
/* reload.c - what an operator sees of HUP. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "blocked.h"
#include "client.h"
#include "greeting.h"
#include "harness.h"
#include "operate.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(reload);

#define WHO                                                                  \
	"[portico]\nworkers = %u\n"                                          \
	"[service web]\nprotocol = http\nlisten = %s\n"                      \
	"[handler web /]\nplugin = ${T}/who.so\n"

Test(reload, changes_the_greeting)
{
	struct server *s = server_start(GREETING, "old");

	assert_greeting("old", 10);
	server_reload(s, GREETING, "new");
	server_await_generation(s, 2);
	server_await_count(s, "left after", 2);
	assert_greeting("new", 40);
	server_await_workers(s, 2);
	server_stop(s);
}

static const char from_directory[] =
	"[portico]\nworkers = %d\n"
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
	"[handler web /]\nplugin = ./plug.so\n";

Test(reload, loads_rebuilt_plugin_code)
{
	copy_file(example("hello.so"), "plug.so");
	struct server *s = server_start(from_directory, 2);

	assert_greeting("Hello", 10);
	copy_file(test_plugin("echo_path.so"), "plug.so");
	assert_greeting("Hello", 10);
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	server_await_count(s, "left after", 2);
	for (int i = 0; i < 20; i++)
		cr_assert_str_eq(http_get(8080, "/x?y"), "- GET /x y \n");
	server_stop(s);
}

/* Between the ready line and the moment that the old worker hears of it a request may still
 * get a plain answer; one after another must get the announcement. */
/* legacy.c has more of these. */
Test(reload, idle_connections_get_the_new_answer)
{
	struct server *s = server_start("[portico]\nworkers = 2\n" WEB_GREETING, "old");
	struct response r;
	int fds[20];

	for (int i = 0; i < 20; i++) {
		fds[i] = client_connect(8080);
		if (i % 2)
			client_get(fds[i], "/", &r);
	}
	server_reload(s, GREETING, "new");
	server_await_generation(s, 2);
	server_await_count(s, "left after", 2);
	for (int i = 0; i < 20; i++) {
		client_get(fds[i], "/", &r);
		cr_assert_str_eq(r.body, "new\n");
		cr_assert_not(r.close);
	}
	server_stop(s);
}

Test(reload, a_request_in_hand_is_finished_by_the_old_worker)
{
	struct server *s = server_start("[portico]\nworkers = 2\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${T}/deferred.so\nfile = %s\n", path_of("go"));
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "request in hand");
	server_reload(s, GREETING, "new");
	server_await_generation(s, 2);
	server_await_count(s, "left after", 1);
	assert_greeting("new", 10);
	write_file("go", "now");
	cr_assert(client_response(fd, &r));
	cr_assert_str_eq(r.body, "at last\n");
	cr_assert(r.close);
	client_expect_end(fd, false);
	server_await_workers(s, 2);
	server_stop(s);
}

enum { QUEUED = 20 };

static void ask_all(int *fds)
{
	for (int i = 0; i < QUEUED; i++) {
		fds[i] = client_connect(8080);
		client_says(fds[i], "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	}
}

static void all_hear(const int *fds, const char *greeting)
{
	struct response r;

	for (int i = 0; i < QUEUED; i++) {
		cr_assert(client_response(fds[i], &r), "client %d has no answer", i);
		cr_assert_str_eq(r.body, greeting, "client %d", i);
		close(fds[i]);
	}
}

/* Slot 0's worker is stopped and its queue is lent, to one who hears of the reload late. */
Test(reload, who_borrowed_a_queue_does_not_empty_it_for_the_new_ones)
{
	struct server *s = server_start("[portico]\nworkers = 2\n" WEB_GREETING, "old");
	pid_t lender = status_worker(0), borrower = status_worker(1);
	int fds[QUEUED];
	char said[64];

	worker_stop(lender);
	ask_all(fds);
	all_hear(fds, "old\n");
	sockets_await_held("tcp", 8080, borrower, 2);
	worker_stop(borrower);
	server_reload(s, "[portico]\nworkers = 2\nstall = 0\n" WEB_GREETING, "new");
	server_await_generation(s, 2);
	pid_t heir = status_worker(0);
	worker_stop(heir);
	ask_all(fds);
	worker_continue(borrower);
	snprintf(said, sizeof(said), "worker 1 (pid %d, generation 1) left after", (int)borrower);
	server_await(s, said);
	worker_continue(heir);
	all_hear(fds, "new\n");
	worker_continue(lender);
	server_stop(s);
}

static bool says_it(void *text)
{
	const char *body = http_get(8080, "/");
	size_t len = strlen(text);

	return strncmp(body, text, len) == 0 && body[len] == '\n';
}

Test(reload, two_reloads_at_once_both_take_effect)
{
	struct server *s = server_start(GREETING, "old");

	for (int i = 0; i < 3; i++) {
		char newest[32];
		snprintf(newest, sizeof(newest), "newest %d", i);
		server_reload(s, GREETING, "newer");
		server_reload(s, GREETING, newest);
		cr_assert(wait_until(says_it, newest, PATIENCE), "the second is forgotten");
		server_await_workers(s, 2);
		assert_greeting(newest, 20);
	}
	server_stop(s);
}

Test(reload, a_storm_of_hups_ends_with_the_newest)
{
	struct server *s = server_start(GREETING, "old");

	for (int i = 0; i < 200; i++)
		server_reload(s, GREETING, "older");
	server_reload(s, GREETING, "newest");
	cr_assert(wait_until(says_it, "newest", PATIENCE));
	server_await_workers(s, 2);
	assert_greeting("newest", 20);
	server_stop(s);
}

Test(reload, adds_an_address)
{
	struct server *s = server_start(WHO, 2, "127.0.0.1:8080");

	cr_assert(client_is_refused("127.0.0.1", 8081));
	server_reload(s, WHO, 2, "127.0.0.1:8080, 127.0.0.1:8081");
	server_await_generation(s, 2);
	for (int i = 0; i < 10; i++) {
		http_get(8080, "/");
		http_get(8081, "/");
	}
	cr_assert_eq(proc_sockets("tcp", 8081, (unsigned long[8]){ 0 }, 8), 2);
	server_stop(s);
}

Test(reload, takes_an_address_away)
{
	struct server *s = server_start(WHO, 2, "127.0.0.1:8080, 127.0.0.1:8081");

	http_get(8081, "/");
	server_reload(s, WHO, 2, "127.0.0.1:8080");
	server_await_generation(s, 2);
	client_await_refusal(8081);
	http_get(8080, "/");
	server_reload(s, WHO, 2, "127.0.0.1:8080, 127.0.0.1:8081");
	server_await_generation(s, 3);
	http_get(8081, "/");
	server_stop(s);
}

Test(reload, more_workers_on_reload)
{
	struct server *s = server_start(WHO, 2, "127.0.0.1:8080");
	unsigned shares[4] = { 0 };

	server_reload(s, WHO, 4, "127.0.0.1:8080");
	server_await_generation(s, 2);
	for (int i = 0; i < 400; i++)
		shares[atoi(http_get(8080, "/")) & 3]++;
	for (int i = 0; i < 4; i++)
		cr_assert_geq(shares[i], 40, "worker %d got %u of 400", i, shares[i]);
	cr_assert_eq(proc_sockets("tcp", 8080, (unsigned long[8]){ 0 }, 8), 4);
	server_await_workers(s, 4);
	server_stop(s);
}


static bool are_two_sockets(void *arg)
{
	(void)arg;
	return proc_sockets("tcp", 8080, (unsigned long[8]){ 0 }, 8) == 2;
}

/* Sockets at the end of the row go only when nobody can be on his way to them any more. */
Test(reload, fewer_workers_on_reload)
{
	struct server *s = server_start(WHO, 4, "127.0.0.1:8080");
	unsigned shares[4] = { 0 };

	server_reload(s, WHO, 2, "127.0.0.1:8080");
	server_await_generation(s, 2);
	cr_assert(wait_until(are_two_sockets, NULL, PATIENCE), "the sockets stay");
	server_await_workers(s, 2);
	for (int i = 0; i < 200; i++)
		shares[atoi(http_get(8080, "/")) & 3]++;
	cr_assert_geq(shares[0], 40);
	cr_assert_geq(shares[1], 40);
	cr_assert_eq(shares[2] + shares[3], 0);
	server_stop(s);
}

/* A datagram socket takes its share as soon as it is bound.  A start may take its time; the
 * clients have none to give. */
Test(reload, more_workers_let_no_datagram_wait_until_they_have_started)
{
	static const char ini[] = "[portico]\nworkers = %u\n"
		"[service who]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"
		"[handler who]\nplugin = ${T}/who.so\n%s";
	struct server *s = server_start(ini, 2, "");
	int waiting = 0;

	server_reload(s, ini, 4, "[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/gate.so\nfile = /no/such/file\n");
	server_await_count(s, "waiting at the gate", 4);
	for (int i = 0; i < 40 && waiting == 0; i++) {
		int fd = udp_client("127.0.0.1", 7001);
		cr_assert_eq(send(fd, "?", 1, 0), 1);
		waiting += client_hears_nothing(fd, 2.);
		close(fd);
	}
	server_signal(s, SIGTERM);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	server_assert_gone(s);
	cr_assert_eq(waiting, 0, "a client got no answer from those who serve");
}
