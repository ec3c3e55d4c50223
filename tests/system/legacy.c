/* SPDX-License-Identifier: MIT */
/* legacy.c - idle connections outlive the worker that accepted them. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(legacy);

enum { CLIENTS = 800 };   /* a channel holds some 160 of them for each worker */

#define WHO                                                                  \
	"[portico]\nworkers = %u\n"                                          \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/who.so\n"

static int clients[CLIENTS];

/* who.so answers "SLOT PID\n". */
static pid_t pid_in(const struct response *r)
{
	const char *space = strchr(r->body, ' ');

	cr_assert_not_null(space);
	return (pid_t)atoi(space + 1);
}

static void connect_all(void)
{
	struct response r;

	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = client_connect(8080);
		client_get(clients[i], "/", &r);
		cr_assert_not(r.close);
	}
}

/* Each connection still answers, without a goodbye, and from one of these. */
static void assert_all_served_by(const pid_t *pids, size_t count)
{
	struct response r;

	for (int i = 0; i < CLIENTS; i++) {
		size_t k = 0;
		client_get(clients[i], "/", &r);
		cr_assert_eq(r.status, 200);
		cr_assert_not(r.close);
		while (k < count && pids[k] != pid_in(&r))
			k++;
		cr_assert_lt(k, count, "answered by a worker that left");
	}
}

Test(legacy, idle_connections_live_on_over_reloads)
{
	struct server *s = server_start(WHO, 2);
	pid_t pids[8];

	connect_all();
	for (unsigned n = 2; n < 7; n++) {
		server_signal(s, SIGHUP);
		server_await_generation(s, n);
		server_await_count(s, "left after", 2 * (n - 1));
		size_t count = server_workers(s, pids, 8);
		cr_assert_eq(count, 2);
		assert_all_served_by(pids, count);
	}
	server_stop(s);
}

Test(legacy, reloads_on_the_heels_of_each_other_drop_none)
{
	struct server *s = server_start(WHO, 2);
	pid_t pids[8];

	connect_all();
	for (unsigned n = 2; n < 12; n++) {
		server_signal(s, SIGHUP);
		server_await_generation(s, n);
	}
	server_await_workers(s, 2);
	assert_all_served_by(pids, server_workers(s, pids, 8));
	server_stop(s);
}

Test(legacy, idle_connections_of_a_slot_that_ends_go_to_a_sibling)
{
	struct server *s = server_start(WHO, 4);
	pid_t pids[8];

	connect_all();
	server_reload(s, WHO, 1);
	server_await_generation(s, 2);
	server_await_workers(s, 1);
	assert_all_served_by(pids, server_workers(s, pids, 8));
	server_stop(s);
}

Test(legacy, a_request_half_sent_is_answered_by_whom_it_was_begun_with)
{
	struct server *s = server_start(WHO, 1);
	struct response r;
	pid_t old[8];

	cr_assert_eq(server_workers(s, old, 8), 1);
	int fd = client_connect(8080);
	client_get(fd, "/", &r);
	client_says(fd, "GET / HTTP/1.1\r\nHo");
	cr_assert(client_hears_nothing(fd, 0.05));
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	client_says(fd, "st: a\r\n\r\n");
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 200);
	cr_assert_eq(pid_in(&r), old[0]);
	if (r.close)
		client_expect_end(fd, false);
	else
		client_get(fd, "/", &r);     /* it was answered before the goodbye */
	server_stop(s);
}

Test(legacy, without_such_a_service_the_connection_ends)
{
	struct server *s = server_start(WHO, 1);
	struct response r;

	int fd = client_connect(8080);
	client_get(fd, "/", &r);
	server_reload(s, "[portico]\nworkers = 1\n"
		"[service other]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler other /]\nplugin = ${T}/who.so\n");
	server_await_generation(s, 2);
	client_expect_end(fd, true);
	http_get(8080, "/");
	server_stop(s);
}
