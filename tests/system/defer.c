/* SPDX-License-Identifier: MIT */
/*
 * defer.c - clients that connect and say nothing for a while: with defer_accept the kernel has
 * them, as half-open ones, and they are lost with the socket that it keeps them for.
 */
#include <signal.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(defer);

enum { CLIENTS = 24, NOBODY = 65534 };

#define OVER "retired: what had to end is closed"
#define AT_ONCE 0.5              /* seconds: half of what a silent client waits */

#define WEB                                                                  \
	"[portico]\nworkers = 4\n"                                           \
	"[service web]\nprotocol = http\nlisten = %s\n%s"                    \
	"[handler web /]\nplugin = ${E}/hello.so\n"
#define SPEAKS_FIRST                                                         \
	"[portico]\nworkers = 1\n"                                           \
	"[service who]\nprotocol = tcp\nlisten = 127.0.0.1:8080\n%s"         \
	"[handler who]\nplugin = ${T}/who.so\n"

static struct server *start(const char *listen, const char *more)
{
	write_file("portico.ini", WEB, listen, more);
	struct server *s = server_spawn(&(struct spawn){ .uid = NOBODY });
	server_await_generation(s, 1);
	return s;
}

static void reload_to(const char *listen, const char *more)
{
	struct outcome o;

	write_file("portico.ini", WEB, listen, more);
	verb_succeeds(&o, "reload", NULL);
}

/* The SYN-ACK that a timer sends may meet the request on another CPU: docs/surprises.md. */
static void connect_silently(int *fds)
{
	cr_assert(load_on_one_cpu());
	for (int i = 0; i < CLIENTS; i++)
		fds[i] = client_connect(8080);
	cr_assert_eq(sockets_half_open("tcp", 8080), CLIENTS, "they are not deferred");
}

/* All speak at last, and all are answered. */
static void speak(const int *fds)
{
	for (int i = 0; i < CLIENTS; i++) {
		struct response r;
		client_get(fds[i], "/", &r);
		cr_assert_eq(r.status, 200);
		close(fds[i]);
	}
}

static long long accepted(void)
{
	json_t *status = status_read();
	json_t *service = json_array_get(json_object_get(status, "services"), 0);
	long long count = json_integer_value(json_object_get(service, "accepted"));

	json_decref(status);
	return count;
}

static bool are_accepted(void *count)
{
	return accepted() >= *(long long *)count;
}

/* ---- nothing is lost ---- */

Test(defer, silent_clients_outlive_the_slots_that_they_came_to)
{
	struct server *s = start("127.0.0.1:8080", "");
	struct outcome o;
	int fds[CLIENTS];

	connect_silently(fds);
	verb_succeeds(&o, "scale", "1");
	server_await(s, OVER);
	speak(fds);
	server_stop(s);
}

Test(defer, silent_clients_outlive_their_address)
{
	struct server *s = start("127.0.0.1:8080", "");
	int fds[CLIENTS];

	connect_silently(fds);
	reload_to("127.0.0.1:8081", "");
	server_await(s, OVER);
	speak(fds);
	server_stop(s);
}

/* Nobody had accepted them: they are not in the dead workers' hands. */
Test(defer, silent_clients_outlive_all_workers)
{
	struct server *s = start("127.0.0.1:8080", "");
	int fds[CLIENTS];
	pid_t pids[4];

	connect_silently(fds);
	cr_assert_eq(server_workers(s, pids, 4), 4);
	for (int i = 0; i < 4; i++)
		kill(pids[i], SIGKILL);
	speak(fds);
	server_stop(s);
}

/* ---- on and off ---- */

Test(defer, a_reload_turns_it_off_and_on)
{
	struct server *s = start("127.0.0.1:8080", "defer_accept = yes\n");
	int silent[CLIENTS], after[CLIENTS];

	connect_silently(silent);
	reload_to("127.0.0.1:8080", "defer_accept = no\n");
	size_t before = sockets_half_open("tcp", 8080);
	for (int i = 0; i < CLIENTS; i++)
		after[i] = client_connect(8080);
	cr_assert_leq(sockets_half_open("tcp", 8080), before);
	speak(after);
	speak(silent);
	reload_to("127.0.0.1:8080", "defer_accept = yes\n");
	connect_silently(silent);
	speak(silent);
	server_stop(s);
}

/* After a second the kernel sends its SYN-ACK again, and takes the answer for enough. */
Test(defer, who_says_nothing_comes_in_after_a_second)
{
	struct server *s = start("127.0.0.1:8080", "idle = 1s\nhead_time = 1s\n");
	int fds[CLIENTS];

	double began = seconds_now();
	connect_silently(fds);
	long long all = CLIENTS;
	cr_assert(wait_until(are_accepted, &all, PATIENCE), "%lld were accepted", accepted());
	cr_assert_gt(seconds_now() - began, AT_ONCE);
	for (int i = 0; i < CLIENTS; i++)
		client_expect_end(fds[i], false);
	server_stop(s);
}

/* ---- who speaks first ---- */

static double greeting_time(const char *more)
{
	struct server *s = server_start(SPEAKS_FIRST, more);
	double began = seconds_now();
	char c;

	int fd = client_connect(8080);
	client_read(fd, &c, 1);
	double took = seconds_now() - began;
	close(fd);
	server_stop(s);
	return took;
}

Test(defer, a_handler_that_speaks_first_does_so_at_once)
{
	cr_assert_lt(greeting_time(""), AT_ONCE);
}

Test(defer, a_handler_that_speaks_first_is_late_if_told_to_defer)
{
	cr_assert_gt(greeting_time("defer_accept = yes\n"), AT_ONCE);
}
