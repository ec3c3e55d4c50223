/* SPDX-License-Identifier: MIT */
/* shared.c - what the workers of a service share, as its clients see it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"
#include "ws_client.h"

SYSTEM_SUITE(shared);

#define TABLE(more)                                                          \
	"[portico]\nworkers = 4\n%s"                                         \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n" more     \
	"[handler web]\nplugin = ${T}/shared.so\n"

/* The number that the call gives, and whose worker said so. */
static long long add(const char *key, unsigned *worker)
{
	char path[64];
	long long now = -1;

	snprintf(path, sizeof(path), "/add?%s", key);
	const char *said = http_get(8080, path);
	cr_assert_eq(sscanf(said, "%lld %u", &now, worker), 2, "it says %s", said);
	return now;
}

static void expect(const char *path, const char *begin)
{
	const char *said = http_get(8080, path);

	cr_assert_eq(strncmp(said, begin, strlen(begin)), 0, "%s: %s", path, said);
}

Test(shared, all_workers_see_one_table)
{
	struct server *s = server_start(TABLE("table = 1m\n"), "seccomp = kill\n");
	bool seen[4] = { false };
	unsigned workers = 0, worker = 0;

	for (long long i = 1; i <= 64; i++) {
		cr_assert_eq(add("n", &worker), i);
		cr_assert_lt(worker, 4);
		workers += !seen[worker];
		seen[worker] = true;
	}
	cr_assert_gt(workers, 1, "one worker had them all");
	expect("/put?k", "done");
	for (int i = 0; i < 8; i++)
		expect("/get?k", "put ");
	expect("/swap?k", "done");
	expect("/swap?k", "File exists");
	expect("/get?k", "swapped ");
	expect("/add?k", "Numerical argument");
	expect("/delete?k", "done");
	expect("/get?k", "No such file");
	server_stop(s);
}

Test(shared, a_table_tells_how_full_it_is)
{
	struct server *s = server_start(TABLE("table = 1m\n"), "");
	struct outcome o;
	unsigned worker;

	add("n", &worker);
	expect("/put?k", "done");
	verb_succeeds(&o, "status", NULL);
	cr_assert(strstr(o.out, "    table: 2 entries, 128 B of "), "%s", o.out);
	cr_assert(strstr(o.out, " used, 0 refused\n"), "%s", o.out);
	verb_succeeds(&o, "upgrade", NULL);
	verb_succeeds(&o, "status", NULL);
	cr_assert(strstr(o.out, "    table: 2 entries, "), "%s", o.out);
	server_stop(s);
}

Test(shared, a_table_outlives_workers_reloads_and_upgrades)
{
	struct server *s = server_start(TABLE("table = 1m\n"), "");
	struct outcome o;
	unsigned worker;

	cr_assert_eq(add("n", &worker), 1);
	kill(status_await_worker(worker), SIGKILL);
	server_await(s, "signal 9");
	server_await_workers(s, 4);
	cr_assert_eq(add("n", &worker), 2);
	server_reload(s, TABLE("table = 1m\n"), "");
	server_await_generation(s, 2);
	cr_assert_eq(add("n", &worker), 3);
	verb_succeeds(&o, "upgrade", NULL);
	cr_assert_eq(add("n", &worker), 4);
	verb_succeeds(&o, "reload", NULL);
	cr_assert_eq(add("n", &worker), 5);
	server_stop(s);
}

Test(shared, a_table_of_another_size_begins_empty)
{
	struct server *s = server_start(TABLE("table = 1m\n"), "");
	unsigned worker;

	cr_assert_eq(add("n", &worker), 1);
	server_reload(s, TABLE("table = 2m\n"), "");
	server_await_generation(s, 2);
	server_await(s, "service web: its table has another size and begins empty");
	cr_assert_eq(add("n", &worker), 1);
	server_reload(s, TABLE(""), "");
	server_await_generation(s, 3);
	expect("/add?n", "Operation not supported");
	server_stop(s);
}

Test(shared, a_reload_that_fails_leaves_the_table_alone)
{
	struct server *s = server_start(TABLE("table = 1m\n"), "");
	unsigned worker;

	cr_assert_eq(add("n", &worker), 1);
	server_reload(s, TABLE("table = 2m\n") "[handler web /x]\nplugin = ${T}/fail_in_start.so\n", "");
	server_await(s, "generation 1 goes on");
	kill(status_await_worker(worker), SIGKILL);
	server_await_workers(s, 4);
	cr_assert_eq(add("n", &worker), 2);
	server_stop(s);
}

/* ---- messages ---- */

#define CHAT(more)                                                           \
	"[portico]\nworkers = 4\ndrain = 20s\n%s"                            \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n" more     \
	"table = 1m\n[handler web]\nplugin = ${E}/chat.so\n"

enum { GUESTS = 16 };

/* Guest number i has come after those before it: each of them is told. */
static void come_in(int *guests, unsigned i)
{
	char text[64];

	guests[i] = ws_connect(8080, "/");
	snprintf(text, sizeof(text), "guest %u is here", i + 1);
	for (unsigned k = 0; k < i; k++)
		ws_expect(guests[k], 1, text);
	ws_await(guests[i], 1, text);
}

static void all_hear(const int *guests, unsigned speaker, unsigned number, const char *what)
{
	char text[64];

	ws_say(guests[speaker], 1, what, strlen(what));
	snprintf(text, sizeof(text), "guest %u: %s", number, what);
	for (unsigned i = 0; i < GUESTS; i++)
		ws_expect(guests[i], 1, text);
}

static unsigned busy_workers(void)
{
	json_t *status = status_read(), *slot;
	unsigned busy = 0;
	size_t i;

	json_array_foreach(json_object_get(status, "slots"), i, slot)
		busy += json_integer_value(json_object_get(slot, "active")) > 0;
	json_decref(status);
	return busy;
}

Test(shared, guests_of_all_workers_hear_each_other)
{
	struct server *s = server_start(CHAT("publish = 1m\n"), "seccomp = kill\n");
	int guests[GUESTS];
	char what[32];

	for (unsigned i = 0; i < GUESTS; i++)
		come_in(guests, i);
	for (unsigned i = 0; i < GUESTS; i++) {
		snprintf(what, sizeof(what), "line %u", i);
		all_hear(guests, i, i + 1, what);
	}
	cr_assert_gt(busy_workers(), 1, "one worker has them all");
	server_signal(s, SIGTERM);
	for (unsigned i = 0; i < GUESTS; i++)
		close(guests[i]);
	cr_assert_eq(server_await_exit(s, 10.), 0);
}

/* Until it comes, what others say is passed over. */
static void hears_at_last(int fd, const char *text)
{
	char got[256];

	do
		cr_assert_eq(ws_hear(fd, got, sizeof(got)), 1, "never heard %s", text);
	while (strcmp(got, text) != 0);
}

Test(shared, what_is_said_reaches_all_after_a_death_a_reload_and_an_upgrade)
{
	struct server *s = server_start(CHAT("publish = 1m\n"), "");
	static const char *const changes[] = { "", "reload", "upgrade", "reload" };
	struct outcome o;

	kill(status_await_worker(2), SIGKILL);
	server_await(s, "signal 9");
	server_await_workers(s, 4);
	for (unsigned c = 0; c < 4; c++) {
		int guests[GUESTS];
		if (*changes[c])
			verb_succeeds(&o, changes[c], NULL);
		for (unsigned i = 0; i < GUESTS; i++)
			guests[i] = ws_connect(8080, "/");
		for (unsigned i = 0; i < GUESTS; i++) {
			char said[32], text[64];
			snprintf(said, sizeof(said), "%u of %u", i, c);
			snprintf(text, sizeof(text), "guest %u: %s", c * GUESTS + i + 1, said);
			ws_say(guests[i], 1, said, strlen(said));
			for (unsigned k = 0; k < GUESTS; k++)
				hears_at_last(guests[k], text);
		}
		for (unsigned i = 0; i < GUESTS; i++)
			close(guests[i]);
	}
	server_stop(s);
}

static bool all_is_accounted_for(void *arg)
{
	return metric_sum("heard") + metric_sum("portico_missed_messages") == *(const long long *)arg;
}

Test(shared, who_is_too_slow_misses_messages_that_are_counted)
{
	struct server *s = server_start(TABLE("publish = 256k\n"), "");
	long long all = 4 * 5000;

	expect("/flood?5000", "done");   /* it is blocked meanwhile, and the ring has room for a thousand */
	cr_assert(wait_until(all_is_accounted_for, &all, PATIENCE), "%lld heard, %lld missed",
		metric_sum("heard"), metric_sum("portico_missed_messages"));
	cr_assert_geq(metric_sum("portico_missed_messages"), 3000);
	cr_assert_geq(metric_sum("heard"), 1000);
	server_stop(s);
}
