/* SPDX-License-Identifier: MIT */
/* health.c - /livez, /readyz, /startupz over the life of a server. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin_rig.h"
#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(health);

enum { WEB = 8080 };

#define WEB_SERVICE                                                          \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"          \
	"[handler web /]\nplugin = ${T}/who.so\n"

static bool is_not_ready(void *arg)
{
	(void)arg;
	return !admin_ready();
}

static void await_not_ready(void)
{
	cr_assert(wait_until(is_not_ready, NULL, PATIENCE), "it stays ready");
}

Test(health, all_is_well_once_it_serves)
{
	struct response r;

	server_start(WITH_ADMIN WEB_SERVICE);
	cr_assert_eq(admin_status("/livez"), 200);
	cr_assert_eq(admin_status("/startupz"), 200);
	admin_get("/readyz", "", &r);
	cr_assert_eq(r.status, 200);
	cr_assert_str_eq(r.body, "ok\n");
	admin_get("/readyz?verbose", "", &r);
	cr_assert_str_eq(r.body, "[+]loop ok\n[+]services ok\n[+]shutdown ok\nok\n");
}

/* Readiness fails first, and all that comes meanwhile is served. */
Test(health, nobody_is_lost_while_the_balancer_looks_away)
{
	struct server *s = server_start(WITH_ADMIN "drain_delay = 1h\n" WEB_SERVICE);
	struct response r;
	struct load l;

	load_start(&l, WEB, 50);
	load_await(&l, 20);
	server_signal(s, SIGTERM);
	await_not_ready();
	admin_get("/readyz?verbose", "", &r);
	cr_assert_eq(r.status, 503);
	cr_assert_not_null(strstr(r.body, "[-]shutdown failed: portico is about to stop"), "%s", r.body);
	cr_assert_eq(admin_status("/livez"), 200);
	load_await(&l, 20);
	load_stop(&l);
	load_lost_nothing(l.result);
	server_signal(s, SIGTERM);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}

Test(health, the_delay_ends_by_itself)
{
	struct server *s = server_start(WITH_ADMIN "drain_delay = 1s\n" WEB_SERVICE);
	double begin = seconds_now();

	server_signal(s, SIGTERM);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	cr_assert(seconds_now() - begin >= 1., "%g", seconds_now() - begin);
}

Test(health, a_second_signal_ends_the_delay)
{
	struct server *s = server_start(WITH_ADMIN "drain_delay = 1h\n" WEB_SERVICE);

	server_signal(s, SIGTERM);
	server_await(s, "finishing begins in 3600 s");
	server_signal(s, SIGTERM);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}

Test(health, stop_delays_too)
{
	struct server *s = server_start(WITH_ADMIN "drain_delay = 1h\n" WEB_SERVICE);
	struct asked stop;
	struct outcome o;

	verb_begin(&stop, "stop", NULL);
	await_not_ready();
	cr_assert_eq(http_status(WEB, "/"), 200);
	server_signal(s, SIGINT);
	cr_assert_eq(verb_await(&stop, &o), 0);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}

/* Workers that are born meanwhile never were ready; nor does another binary forget. */
Test(health, what_happens_in_the_delay_makes_nobody_ready)
{
	struct server *s = server_start(WITH_ADMIN "drain_delay = 1h\n" WEB_SERVICE);
	struct outcome o;

	server_signal(s, SIGTERM);
	await_not_ready();
	kill(status_worker(0), SIGKILL);
	status_await_worker(0);
	verb_succeeds(&o, "reload", NULL);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_not(admin_ready());
	verb_succeeds(&o, "upgrade", NULL);
	server_await_generation(s, 3);
	for (unsigned i = 0; i < 10; i++)
		cr_assert_not(admin_ready());
	cr_assert_eq(http_status(WEB, "/"), 200);
	server_signal(s, SIGTERM);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}

/* A worker that is told to leave while it has the request in hand answers and says goodbye. */
static int ready_on_the_same(int fd)
{
	struct response r;

	client_says(fd, "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
	cr_assert(client_response(fd, &r), "no whole answer: %s", r.head);
	cr_assert_eq(r.status, 200);
	if (!r.close)
		return fd;
	client_expect_end(fd, false);
	return client_connect(ADMIN);
}

Test(health, a_reload_makes_nobody_unready)
{
	server_start(WITH_ADMIN WEB_SERVICE);
	struct outcome o;
	int fd = ready_on_the_same(client_connect(ADMIN));

	for (unsigned i = 0; i < 3; i++) {
		verb_succeeds(&o, "reload", NULL);
		cr_assert(admin_ready());
		fd = ready_on_the_same(fd);
	}
	close(fd);
}

/* What is in hand keeps the admin service up for as long, and it says so. */
Test(health, who_drains_is_not_ready)
{
	struct server *s = server_start(WITH_ADMIN "[service web]\nprotocol = http\n"
		"listen = 127.0.0.1:8080\n[handler web /]\nplugin = ${T}/deferred.so\nfile = %s\n",
		path_of("go"));
	int admin[2], web[2];
	struct response r;
	unsigned not_ready = 0;

	for (unsigned i = 0; i < 2; i++) {
		web[i] = client_connect(WEB);
		client_says(web[i], "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
		admin[i] = client_connect(ADMIN);
		client_says(admin[i], "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
		cr_assert(client_response(admin[i], &r) && r.status == 200);
	}
	server_await_count(s, "request in hand", 2);
	server_signal(s, SIGTERM);
	client_await_refusal(WEB);
	for (unsigned i = 0; i < 2; i++) {
		client_says(admin[i], "GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n");
		not_ready += client_response(admin[i], &r) && r.status == 503;
		close(admin[i]);
	}
	cr_assert_eq(not_ready, 2);
	write_file("go", "x");
	for (unsigned i = 0; i < 2; i++) {
		cr_assert(client_response(web[i], &r) && r.status == 200);
		close(web[i]);
	}
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
}
