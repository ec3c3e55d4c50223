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
