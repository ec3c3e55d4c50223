/* SPDX-License-Identifier: MIT */
/* rest.c - workers that have no descriptor left for a client. */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "blocked.h"
#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(rest);

enum { PORT = 8080, CLIENTS = 20 };

/* Shorter than accepting rests, and longer than a busy machine leaves a worker without a core. */
#define STALL "stall = 500ms"

static struct rlimit before;

/* What it has stays open, and one more cannot be had. */
static void starve(pid_t worker)
{
	struct rlimit none;

	cr_assert_eq(prlimit(worker, RLIMIT_NOFILE, NULL, &before), 0);
	none = before;
	none.rlim_cur = 3;
	cr_assert_eq(prlimit(worker, RLIMIT_NOFILE, &none, NULL), 0);
}

static void feed(pid_t worker)
{
	cr_assert_eq(prlimit(worker, RLIMIT_NOFILE, &before, NULL), 0);
}

static void connect_all(int *fds)
{
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = client_connect(PORT);
}

static void all_are_served(const int *fds)
{
	for (int i = 0; i < CLIENTS; i++) {
		struct response r;
		client_get(fds[i], "/", &r);
		cr_assert_eq(r.status, 200);
		close(fds[i]);
	}
}

/* A client that it has keeps its loop turning all the while. */
static bool rests_and_serves(void *fd)
{
	struct response r;

	client_get(*(int *)fd, "/", &r);
	cr_assert_eq(r.status, 200);
	return slot_is(1, "resting");
}

static void says(const char *verb_name, const char *text)
{
	struct outcome o;

	(void)verb(&o, verb_name, NULL);
	cr_assert_not_null(strstr(o.out, text), "%s is not in\n%s", text, o.out);
}

Test(rest, siblings_have_the_clients_of_one_that_has_no_descriptor_left)
{
	struct server *s = blocked_start(2, STALL);
	pid_t worker = status_await_worker(1);
	int fds[CLIENTS], held = connect_to(1);

	starve(worker);
	connect_all(fds);
	cr_assert(wait_until(rests_and_serves, &held, PATIENCE), "it is never resting");
	all_are_served(fds);
	clients_go_to(0, 60);
	says("status", "worker 1 rests: no descriptor is left");
	says("status", "! slot 1 is resting: no descriptor or memory is left for a client\n");
	says("health", "ready\n");
	cr_assert(server_says(s, ") is resting, no descriptor or memory is left for a client: "
		"new clients go to its siblings"));
	cr_assert_eq(status_number("stalls"), 0);
	cr_assert_not(server_says(s, "blocked"));
	feed(worker);
	slot_await(1, "serving");
	server_await(s, "worker 1 accepts again after ");
	status_await_lent(0);
	sockets_await_own(2);
	clients_go_to_both();
	close(held);
	server_stop(s);
}

static struct server *start_alone_and_rest(const char *settings, int *fds)
{
	struct server *s = blocked_start(1, settings);

	starve(status_await_worker(0));
	connect_all(fds);
	slot_await(0, "resting");
	return s;
}

Test(rest, the_clients_of_the_only_worker_wait)
{
	int fds[CLIENTS];
	struct server *s = start_alone_and_rest(STALL, fds);
	pid_t worker = status_await_worker(0);

	says("health", "not ready: none of its workers serves\n");
	cr_assert(server_says(s, "left for a client: its clients wait, it has no sibling"));
	feed(worker);
	all_are_served(fds);
	slot_await(0, "serving");
	cr_assert_not(server_says(s, "blocked"));
	server_stop(s);
}

Test(rest, who_is_stopped_meanwhile_is_stalled)
{
	int fds[CLIENTS];
	struct server *s = start_alone_and_rest("stall = 20ms", fds);
	pid_t worker = status_await_worker(0);

	worker_stop(worker);
	slot_await(0, "stalled");
	feed(worker);
	worker_continue(worker);
	all_are_served(fds);
	slot_await(0, "serving");
	server_stop(s);
}
