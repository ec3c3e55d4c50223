/* SPDX-License-Identifier: MIT */
/* hardship.c - clients that are slow, that go away anywhere, and too many of them. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(hardship);

#define WEB                                                                  \
	"[portico]\nworkers = 1\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\nhead_time = %s\n" \
	"[handler web]\nplugin = ${T}/tell.so\n"

static void need_descriptors(rlim_t wanted)
{
	struct rlimit limit;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < wanted)
		SKIP_TEST("the hard limit of descriptors is %lu", (unsigned long)limit.rlim_max);
}

static pid_t only_worker(struct server *s)
{
	pid_t pid;

	cr_assert_eq(server_workers(s, &pid, 1), 1);
	return pid;
}

static size_t descriptors(pid_t pid)
{
	size_t count = 0;

	for (const char *at = proc_descriptors(pid); *at; at++)
		count += *at == '\n';
	return count;
}

struct lasting {
	pid_t  pid;
	size_t before;
};

static bool has_as_many_descriptors(void *arg)
{
	const struct lasting *l = arg;
	return descriptors(l->pid) <= l->before;
}

static void assert_descriptors(pid_t pid, size_t before)
{
	struct lasting l = { pid, before };

	cr_assert(wait_until(has_as_many_descriptors, &l, PATIENCE), "%zu descriptors became %zu:\n%s",
		before, descriptors(pid), proc_descriptors(pid));
}

/* ---- a byte a second ---- */

enum { SLOW = 2000, TICKS = 10, SHARE = SLOW / TICKS, ROUNDS = 5, PER_TICK = 5 };

static const char slow_head[] = "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n";

static struct slow {
	int    fd;               /* -1 once it has been ended */
	size_t sent;
	double began, ended;
	int    status;
} slow[SLOW];

static void send_slowly(struct slow *c)
{
	if (c->fd < 0)
		return;
	if (c->sent == 0)
		c->began = seconds_now();
	(void)!send(c->fd, slow_head + c->sent++, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Those that the server has answered. */
static void take_ends(void)
{
	static struct pollfd polled[SLOW];
	char text[512];

	for (size_t i = 0; i < SLOW; i++)
		polled[i] = (struct pollfd){ .fd = slow[i].fd, .events = POLLIN };
	cr_assert_geq(poll(polled, SLOW, 0), 0);
	for (size_t i = 0; i < SLOW; i++) {
		if (slow[i].fd < 0 || !(polled[i].revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		ssize_t n = recv(slow[i].fd, text, sizeof(text) - 1, MSG_DONTWAIT);
		text[n > 0 ? n : 0] = '\0';
		sscanf(text, "HTTP/1.1 %d", &slow[i].status);
		slow[i].ended = seconds_now();
		close(slow[i].fd);
		slow[i].fd = -1;
	}
}

static bool all_have_ended(void *arg)
{
	(void)arg;
	take_ends();
	for (size_t i = 0; i < SLOW; i++)
		if (slow[i].fd >= 0)
			return false;
	return true;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

/* So many normal requests, each on a new connection; their times go to out. */
static void measure(double *out, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		double begin = seconds_now();

		cr_assert_eq(http_status(8080, "/"), 200);
		out[i] = seconds_now() - begin;
	}
}

/* One second: each tenth of it a tenth of the slow ones sends a byte. */
static void pass_second(double *times)
{
	for (size_t tick = 0; tick < TICKS; tick++) {
		double begin = seconds_now();

		for (size_t i = 0; i < SHARE; i++)
			send_slowly(&slow[tick * SHARE + i]);
		measure(times + tick * PER_TICK, PER_TICK);
		take_ends();
		double left = begin + 1. / TICKS - seconds_now();
		if (left > 0.)
			let_pass(left);
	}
}

Test(hardship, two_thousand_that_send_a_byte_a_second_disturb_nobody)
{
	enum { REQUESTS = ROUNDS * TICKS * PER_TICK };
	static double alone[REQUESTS], among[REQUESTS];
	double slack = has_sanitizers() ? 1. : .5;       /* what a busy machine takes */

	need_descriptors(SLOW + 100);
	struct server *s = server_start(WEB, "3s");
	size_t before = descriptors(only_worker(s));

	measure(alone, REQUESTS);
	double busy = proc_cpu_seconds(only_worker(s));
	for (size_t i = 0; i < SLOW; i++)
		slow[i].fd = client_connect(8080);
	for (size_t i = 0; i < ROUNDS; i++)
		pass_second(among + i * TICKS * PER_TICK);
	cr_assert(wait_until(all_have_ended, NULL, PATIENCE));
	busy = proc_cpu_seconds(only_worker(s)) - busy;
	qsort(alone, REQUESTS, sizeof(*alone), by_value);
	qsort(among, REQUESTS, sizeof(*among), by_value);
	fprintf(stderr, "hardship: a request takes %.2f ms (p99 %.2f ms), "
		"among %d slow senders %.2f ms (p99 %.2f ms); they cost %.2f s\n",
		alone[REQUESTS / 2] * 1e3, alone[REQUESTS * 99 / 100] * 1e3,
		SLOW, among[REQUESTS / 2] * 1e3, among[REQUESTS * 99 / 100] * 1e3, busy);
	cr_assert_lt(busy, 2. * slack);
	cr_assert_lt(among[REQUESTS / 2], alone[REQUESTS / 2] + slack / 10.);
	cr_assert_lt(among[REQUESTS * 99 / 100], alone[REQUESTS * 99 / 100] + slack);
	for (size_t i = 0; i < SLOW; i++) {
		cr_expect_eq(slow[i].status, 408, "number %zu got %d", i, slow[i].status);
		cr_expect_gt(slow[i].ended - slow[i].began, 2.5);
		cr_expect_lt(slow[i].ended - slow[i].began, 5. + slack * 2.);
	}
	assert_descriptors(only_worker(s), before);
	server_stop(s);
}

/* ---- gone anywhere ---- */

static unsigned random_below(unsigned n)
{
	static unsigned seed = 1;

	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % n;
}

static void say_part(int fd)
{
	static const char text[] =
		"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"
		"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\n\r\n"
		"POST /c HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
		"GET /d HTTP/1.1\r\nHost: a b\r\n\r\n";

	(void)!send(fd, text, random_below(sizeof(text)), MSG_NOSIGNAL);
}

/* In one of the ways that there are: a FIN, a reset, the one side first, with the answer read. */
static void drop(int fd)
{
	static const struct linger at_once = { .l_onoff = 1 };
	char text[4096];

	switch (random_below(4)) {
	case 0:
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		break;
	case 1:
		shutdown(fd, SHUT_WR);
		break;
	case 2:
		(void)!recv(fd, text, sizeof(text), MSG_DONTWAIT);
		break;
	default:
		break;
	}
	close(fd);
}

static unsigned opened;

static void open_and_drop(unsigned count)
{
	enum { AT_ONCE = 100 };
	int fds[AT_ONCE];

	for (unsigned i = 0; i < count; i++) {
		int *fd = &fds[i % AT_ONCE];

		if (i >= AT_ONCE)
			drop(*fd);
		*fd = client_connect_from(opened++, 8080);
		say_part(*fd);
	}
	for (unsigned i = 0; i < AT_ONCE; i++)
		drop(fds[i]);
}

/* The first ones fill what is kept for good: malloc's pools, libev's tables, spare requests. */
Test(hardship, a_hundred_thousand_that_go_away_anywhere_leave_nothing_behind)
{
	enum { MORE_KIB = 512 };
	unsigned count = has_sanitizers() ? 20000 : 100000;
	struct server *s = server_start(WEB, "10s");
	pid_t worker = only_worker(s);

	http_get(8080, "/");
	size_t before = descriptors(worker);
	open_and_drop(count / 10);
	assert_descriptors(worker, before);
	long rss = proc_rss_kib(worker);
	double begin = seconds_now();
	open_and_drop(count);
	double took = seconds_now() - begin;
	assert_descriptors(worker, before);
	fprintf(stderr, "hardship: %u connections dropped anywhere in %.1f s: "
		"%ld KiB before, %ld KiB after\n", count, took, rss, proc_rss_kib(worker));
	if (!has_sanitizers())
		cr_assert_leq(proc_rss_kib(worker), rss + MORE_KIB);
	cr_assert_eq(only_worker(s), worker, "it is another worker");
	cr_assert_eq(http_status(8080, "/"), 200);
	server_stop(s);
}

/* ---- more than there are descriptors ---- */

/* They never say a whole head: only head_time makes room. */
Test(hardship, descriptors_used_up_by_silent_ones_come_back_by_themselves)
{
	enum { LIMIT = 64, CLIENTS = 200 };
	int fds[CLIENTS];

	need_descriptors(CLIENTS + 100);
	write_file("portico.ini", WEB, "1s");
	struct server *s = server_spawn(&(struct spawn){ .files = LIMIT });
	server_await_generation(s, 1);
	pid_t worker = only_worker(s);
	http_get(8080, "/");
	size_t before = descriptors(worker);

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(8080);
		client_says(fds[i], "GET / HT");
	}
	server_await(s, "accepting rests, clients wait in the queue: Too many open files");
	double cpu = proc_cpu_seconds(worker), begin = seconds_now();
	let_pass(2.);
	double share = (proc_cpu_seconds(worker) - cpu) / (seconds_now() - begin);
	fprintf(stderr, "hardship: with no descriptor left a worker uses %.1f %% of a core\n",
		share * 1e2);
	cr_assert_lt(share, has_sanitizers() ? 0.3 : 0.1, "it spins: %.2f", share);
	for (int i = 0; i < CLIENTS; i++)
		client_expect_end(fds[i], true);
	assert_descriptors(worker, before);
	for (int i = 0; i < 50; i++) {
		begin = seconds_now();
		cr_assert_eq(http_status(8080, "/"), 200);
		cr_assert_lt(seconds_now() - begin, 1.5, "number %d waited", i);
	}
	server_stop(s);
}
