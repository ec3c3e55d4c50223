/* SPDX-License-Identifier: MIT */
/* reload_load.c - reload under load: not one client may see it. */
#include <signal.h>
#include <stdio.h>

#include "client.h"
#include "harness.h"
#include "load.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(reload_under_load);

enum { RELOADS = 20, PER_SECOND = 400 };

static void assert_no_failure(const struct load_result *r)
{
	cr_assert_eq(r->refused, 0, "refused: %u of %u", r->refused, r->started);
	cr_assert_eq(r->reset, 0, "reset before the answer: %u of %u", r->reset, r->started);
	cr_assert_eq(r->timed_out, 0, "timed out: %u of %u", r->timed_out, r->started);
	cr_assert_eq(r->truncated, 0, "truncated: %u of %u", r->truncated, r->started);
	cr_assert_eq(r->wrong, 0, "wrong answers: %u of %u", r->wrong, r->started);
	cr_assert_eq(r->others, 0, "other failures: %u of %u", r->others, r->started);
	cr_assert_eq(r->answered, r->started);
}

/* Each reload has clients before and after it. */
static void reload_again_and_again(struct server *s, struct load *l)
{
	for (unsigned i = 0; i < RELOADS; i++) {
		server_signal(s, SIGHUP);
		server_await_generation(s, i + 2);
		load_await(l, 20);
	}
}

Test(reload_under_load, loses_nothing)
{
	struct load l;
	struct server *s = server_start("[portico]\nworkers = 3\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${E}/hello.so\n%s", "");

	load_start(&l, 8080, PER_SECOND);
	reload_again_and_again(s, &l);
	load_stop(&l);
	assert_no_failure(l.result);
	server_await_workers(s, 3);
	server_stop(s);
}

Test(reload_under_load, loses_nothing_while_workers_are_added)
{
	struct load l;
	static const char ini[] = "[portico]\nworkers = %u\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${E}/hello.so\n";
	struct server *s = server_start(ini, 1);

	load_start(&l, 8080, PER_SECOND);
	for (unsigned i = 2; i <= 8; i++) {
		server_reload(s, ini, i);
		server_await_generation(s, i);
		load_await(&l, 20);
	}
	load_stop(&l);
	assert_no_failure(l.result);
	server_stop(s);
}

static bool is_one_socket(void *arg)
{
	(void)arg;
	return proc_sockets("tcp", 8080, (unsigned long[8]){ 0 }, 8) == 1;
}

Test(reload_under_load, loses_nothing_while_workers_are_taken_away)
{
	struct load l;
	static const char ini[] = "[portico]\nworkers = %u\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${E}/hello.so\n";
	struct server *s = server_start(ini, 6);

	load_start(&l, 8080, PER_SECOND);
	server_reload(s, ini, 3);
	server_await_generation(s, 2);
	load_await(&l, 20);
	server_reload(s, ini, 1);
	cr_assert(wait_until(is_one_socket, NULL, PATIENCE), "the sockets stay");
	load_await(&l, 20);
	load_stop(&l);
	assert_no_failure(l.result);
	server_await_workers(s, 1);
	server_stop(s);
}

Test(reload_under_load, loses_no_datagram)
{
	struct load l;
	struct server *s = server_start("[portico]\nworkers = 3\n"
		"[service echo]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"
		"[handler echo]\nplugin = ${E}/udp_echo.so\n%s", "");

	load_start_udp(&l, 7001, PER_SECOND);
	reload_again_and_again(s, &l);
	load_stop(&l);
	assert_no_failure(l.result);
	server_stop(s);
}

Test(reload_under_load, failed_reloads_lose_nothing_either)
{
	struct load l;
	static const char good[] = "[portico]\nworkers = 2\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${E}/hello.so\n%s";
	static const char bad[] = "[portico]\nworkers = 4\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/crash_in_start.so\n%s";
	struct server *s = server_start(good, "");

	load_start(&l, 8080, PER_SECOND);
	for (unsigned i = 1; i <= 5; i++) {
		server_reload(s, bad, "");
		server_await_count(s, "reload failed", i);
		load_await(&l, 20);
		server_reload(s, good, "");
		server_await_count(s, " serves after", i + 1);
		load_await(&l, 20);
	}
	load_stop(&l);
	assert_no_failure(l.result);
	server_stop(s);
}
