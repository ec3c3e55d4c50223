/* SPDX-License-Identifier: MIT */
/* rates_joined.c - the rates of a service on two machines, with one Redis and without it. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "redis_rig.h"
#include "server.h"
#include "who_rig.h"

WHO_SUITE(rates_joined);

enum { MACHINES = 2, RATE = 100, BURST = 50 };

#define SECONDS 2.

#define WEB(redis, keys)                                                     \
	"[portico]\nworkers = 2\nredis = " redis ":6379\n"                   \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n" keys     \
	"[handler web]\nplugin = ${T}/echo_path.so\n"
#define OVER "rate_over = redis\n"

static int spaces[MACHINES];
static struct server *servers[MACHINES];
static pid_t redis;

/* Each has a Redis in reach, that is up. */
static void start(const char *first, const char *second)
{
	spaces[0] = machine_here();
	spaces[1] = machine_make();
	redis = redis_start();
	servers[0] = server_start("%s", first);
	machine_enter(spaces[1]);
	servers[1] = server_start("%s", second);
}

#define START(keys) start(WEB("127.0.0.1", keys), WEB("10.9.0.1", keys))

static void stop(void)
{
	for (int i = 0; i < MACHINES; i++) {
		machine_enter(spaces[i]);
		server_stop(servers[i]);
	}
}

static void all_await(const char *name, long long value)
{
	for (int i = 0; i < MACHINES; i++) {
		machine_enter(spaces[i]);
		metric_await(name, value);
	}
}

/* Of so many requests of a client: how many the machine lets through. */
static unsigned passed(int machine, unsigned client, unsigned requests)
{
	unsigned ok = 0;
	struct response r;

	machine_enter(spaces[machine]);
	for (unsigned i = 0; i < requests; i++) {
		int fd = client_connect_from(1000 * client, 8080);
		client_get(fd, "/", &r);
		close(fd);
		cr_assert(r.status == 200 || r.status == 429, "%d", r.status);
		ok += r.status == 200;
	}
	return ok;
}

/* ---- one after the other ---- */

#define HOURLY "rate = 1/h\nrate_burst = 60\nrate_client = 1/h\nrate_client_burst = 20\n" OVER

Test(rates_joined, what_one_machine_let_through_the_other_does_not)
{
	START(HOURLY);
	all_await("portico_redis_up", 2);
	cr_assert_eq(passed(0, 1, 15), 15);
	machine_enter(spaces[1]);
	metric_await("portico_rate_elsewhere", 15);
	cr_assert_eq(passed(1, 1, 20), 5);
	cr_assert_eq(passed(1, 2, 25), 20);
	machine_enter(spaces[0]);
	metric_await("portico_rate_elsewhere", 25);
	cr_assert_eq(passed(0, 1, 3), 0);
	cr_assert_eq(passed(0, 2, 3), 0);
	cr_assert_eq(passed(0, 3, 25), 20, "40 of 60 are used");
	machine_enter(spaces[1]);
	metric_await("portico_rate_elsewhere", 35);
	cr_assert_eq(passed(1, 4, 3), 0, "all of 60 are used");
	stop();
}

Test(rates_joined, nonsense_is_counted_and_nothing_else)
{
	START(HOURLY);
	all_await("portico_redis_up", 2);
	machine_enter(spaces[0]);
	redis_cli("publish portico:web:rate_over nonsense");
	redis_cli("publish portico:web:rate_over ''");
	redis_cli("publish portico:web:rate_over prl1aaaabbbbbbbbcut_short");
	all_await("portico_rate_nonsense", 3);
	cr_assert_eq(passed(0, 1, 25), 20);
	all_await("portico_redis_errors", 0);
	stop();
}

/* A worker that counts what it hears dies, and another does. */
Test(rates_joined, another_worker_hears_when_one_dies)
{
	START(HOURLY);
	all_await("portico_redis_up", 2);
	cr_assert_eq(passed(0, 1, 5), 5);
	machine_enter(spaces[1]);
	metric_await("portico_rate_elsewhere", 5);
	for (unsigned slot = 0; slot < 2; slot++) {
		kill(status_await_worker(slot), SIGKILL);
		server_await_count(servers[1], "signal 9", slot + 1);
		server_await_workers(servers[1], 2);
		metric_await("portico_redis_up", 2);
	}
	let_pass(1.1);                   /* what it takes until somebody else may */
	long long before = metric_sum("portico_rate_elsewhere");
	cr_assert_eq(passed(0, 1, 10), 10);
	machine_enter(spaces[1]);
	metric_await("portico_rate_elsewhere", before + 10);
	cr_assert_eq(passed(1, 1, 20), 5);
	stop();
}

/* ---- Redis is away ---- */

Test(rates_joined, without_redis_each_machine_has_its_own_limit)
{
	START("rate_client = 1/h\nrate_client_burst = 20\n" OVER);
	all_await("portico_redis_up", 2);
	who_end(redis);
	all_await("portico_redis_up", 0);
	cr_assert_eq(passed(0, 1, 25), 20);
	cr_assert_eq(passed(1, 1, 25), 20);
	server_await(servers[0], "redis 127.0.0.1:6379, for messages: ");
	let_pass(5 * 0.1);               /* what they would tell is nobody's any more */
	machine_enter(spaces[0]);
	redis = redis_start();
	all_await("portico_redis_up", 2);
	cr_assert_eq(passed(0, 2, 15), 15);
	machine_enter(spaces[1]);
	metric_await("portico_rate_elsewhere", 15);
	cr_assert_eq(passed(1, 2, 20), 5);
	stop();
}

/* ---- both at once ---- */

struct hammered {
	unsigned passed;
	double   least, most;    /* seconds that it took, to the last refusal and in all */
};

/* So many at once that the last is refused however long a round takes; false: it was not. */
static bool exhaust(int machine, unsigned *passed)
{
	enum { ROUND = BURST + 20 };
	static char text[1 << 16];
	unsigned answers = 0;
	bool last = false;

	machine_enter(spaces[machine]);
	int fd = client_connect_from(1000, 8080);
	for (int i = 1; i < ROUND; i++)
		client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	client_says(fd, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	cr_assert_gt(client_read_all(fd, text, sizeof(text)), 0);
	close(fd);
	for (const char *at = text; (at = strstr(at, "HTTP/1.1 ")); at++, answers++)
		*passed += last = strncmp(at + 9, "200", 3) == 0;
	cr_assert_eq(answers, ROUND);
	return !last;
}

/* To the end of a round in which both refuse: what they have, they have let through. */
static struct hammered hammer(void)
{
	double began = seconds_now(), first, before;
	struct hammered h = { .passed = passed(0, 1, 1) + passed(1, 1, 1) };
	bool both;

	first = seconds_now();
	do {
		before = seconds_now();
		both = exhaust(0, &h.passed);
		both = exhaust(1, &h.passed) && both;
	} while (before - first < SECONDS || !both);
	h.least = before - first;
	h.most = seconds_now() - began;
	return h;
}

/* Since it began, of all workers. */
static unsigned messages(void)
{
	machine_enter(spaces[0]);
	redis_cli("info commandstats");
	const char *at = strstr(read_file(path_of("cli")), "cmdstat_publish:calls=");
	return at ? (unsigned)atoi(strchr(at, '=') + 1) : 0;
}

#define PACED "rate_client = 100/s\nrate_client_burst = 50\n"

Test(rates_joined, together_they_let_through_what_one_would)
{
	START(PACED OVER);
	all_await("portico_redis_up", 2);
	struct hammered h = hammer();
	cr_assert_geq(h.passed, BURST + h.least * RATE * 0.8 - 1., "%u in %g s", h.passed, h.least);
	/* And a burst that both gave at once, and what came while they did not know. */
	cr_assert_leq(h.passed, BURST + h.most * RATE + BURST + 0.3 * RATE, "%u in %g s", h.passed, h.most);
	/* Of each worker one in an interval. */
	cr_assert_leq(messages(), 2 * MACHINES * (h.most / 0.1 + 1), "in %g s", h.most);
	cr_assert_geq(messages(), 1);
	stop();
}

Test(rates_joined, apart_they_let_through_twice_as_much)
{
	START(PACED);
	struct hammered h = hammer();
	cr_assert_geq(h.passed, 2 * (BURST + h.least * RATE * 0.8 - 1.), "%u in %g s", h.passed, h.least);
	stop();
}
