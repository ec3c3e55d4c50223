/* SPDX-License-Identifier: MIT */
/* table.c - sys/table.c: entries that all processes share, whoever dies. */
#include "table_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "kit/kit.h"

TABLE_SUITE(table);

static int put(const char *key, const char *value)
{
	return table_put(table, key_of(key), value_of(value, 0.));
}

static void expect(const char *key, const char *value)
{
	char got[256] = "";

	cr_assert_eq(table_get(table, key_of(key), got, sizeof(got)), (ssize_t)strlen(value), "%s: %s", key,
		strerror(errno));
	cr_assert_str_eq(got, value);
}

static void expect_none(const char *key)
{
	errno = 0;
	cr_assert_eq(table_get(table, key_of(key), NULL, 0), -1, "%s is there", key);
	cr_assert_eq(errno, ENOENT);
}

static void fails(int result, int error)
{
	cr_assert_eq(result, -1);
	cr_assert_eq(errno, error, "%s", strerror(errno));
}

/* ---- entries ---- */

Test(table, gives_what_was_put_and_its_whole_length)
{
	char some[3] = "..";

	expect_none("a");
	cr_assert_eq(put("a", "one"), 0);
	expect("a", "one");
	cr_assert_eq(put("a", "another"), 0);
	expect("a", "another");
	cr_assert_eq(put("b", ""), 0);
	expect("b", "");
	cr_assert_eq(table_get(table, key_of("a"), some, 2), 7);
	cr_assert_str_eq(some, "an");
	cr_assert_eq(table_delete(table, key_of("a")), 0);
	expect_none("a");
	fails(table_delete(table, key_of("a")), ENOENT);
	expect("b", "");
}

Test(table, every_length_comes_back_as_it_was)
{
	static char key[TABLE_KEY], value[TABLE_VALUE], got[TABLE_VALUE];
	size_t lens[] = { 0, 1, 7, 8, 9, 22, 29, 30, 31, 89, 90, 91, 149, 150, 151, 4096, TABLE_VALUE };

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (char)(i * 7 + i / 256);
	for (size_t k = 1; k <= sizeof(key); k += k < 40 ? 1 : 27)
		for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
			struct table_key name = { key, k };
			cr_assert_eq(table_put(table, name, (struct table_value){ value, lens[i], 0. }), 0,
				"%zu %zu: %s", k, lens[i], strerror(errno));
			memset(got, 0, sizeof(got));
			cr_assert_eq(table_get(table, name, got, sizeof(got)), (ssize_t)lens[i]);
			cr_assert_eq(memcmp(got, value, lens[i]), 0, "%zu %zu", k, lens[i]);
			cr_assert_eq(table_delete(table, name), 0);
		}
}

Test(table, refuses_what_is_too_long_or_never_ends)
{
	static char large[TABLE_VALUE + 1];

	fails(table_put(table, (struct table_key){ large, 0 }, value_of("", 0.)), EINVAL);
	fails(table_put(table, (struct table_key){ large, TABLE_KEY + 1 }, value_of("", 0.)), EMSGSIZE);
	fails(table_put(table, key_of("a"), (struct table_value){ large, sizeof(large), 0. }), EMSGSIZE);
	fails(table_put(table, key_of("a"), value_of("", -1.)), EINVAL);
	fails(table_put(table, key_of("a"), value_of("", 0. / 0.)), EINVAL);
	expect_none("a");
}

Test(table, adds_to_numbers_only_and_not_past_their_ends)
{
	int64_t n = INT64_MAX - 1, now = 0;

	cr_assert_eq(table_add(table, key_of("n"), 5, 0., &now), 0);
	cr_assert_eq(now, 5);
	cr_assert_eq(table_add(table, key_of("n"), -7, 0., &now), 0);
	cr_assert_eq(now, -2);
	cr_assert_eq(table_get(table, key_of("n"), &n, sizeof(n)), 8);
	cr_assert_eq(n, -2);
	n = INT64_MAX - 1;
	cr_assert_eq(table_put(table, key_of("n"), (struct table_value){ &n, sizeof(n), 0. }), 0);
	cr_assert_eq(table_add(table, key_of("n"), 1, 0., NULL), 0);
	fails(table_add(table, key_of("n"), 1, 0., &now), ERANGE);
	cr_assert_eq(put("text", "one"), 0);
	fails(table_add(table, key_of("text"), 1, 0., NULL), EDOM);
}

Test(table, swaps_only_what_is_expected)
{
	struct table_value one = value_of("one", 0.), two = value_of("two", 0.), eight = value_of("8 bytes.", 0.);

	fails(table_swap(table, key_of("a"), &one, two), ENOENT);
	cr_assert_eq(table_swap(table, key_of("a"), NULL, one), 0);
	fails(table_swap(table, key_of("a"), NULL, two), EEXIST);
	fails(table_swap(table, key_of("a"), &two, one), EEXIST);
	cr_assert_eq(table_swap(table, key_of("a"), &one, eight), 0);
	fails(table_swap(table, key_of("a"), &one, two), EEXIST);
	cr_assert_eq(table_swap(table, key_of("a"), &eight, two), 0);
	expect("a", "two");
}

/* ---- time and room ---- */

/* The clock stands still but for what the test moves it: nothing expires because the machine is busy. */

Test(table, forgets_what_has_expired)
{
	int64_t now;

	kit_clock_stop();
	cr_assert_eq(table_put(table, key_of("a"), value_of("one", 0.3)), 0);
	cr_assert_eq(table_add(table, key_of("n"), 5, 0.3, NULL), 0);
	cr_assert_eq(table_add(table, key_of("n"), 5, 1000., &now), 0);
	cr_assert_eq(now, 10);
	kit_clock_move(CLOCK_SECOND / 3);
	expect_none("a");
	cr_assert_eq(table_swap(table, key_of("a"), NULL, value_of("two", 0.)), 0);
	cr_assert_eq(table_add(table, key_of("n"), 1, 0., &now), 0);
	cr_assert_eq(now, 1, "its first ttl counts, and it has begun anew");
}

Test(table, is_full_until_something_has_expired)
{
	kit_clock_stop();
	cr_assert_eq(put("stays", "here"), 0);
	size_t first = fill("a", 1.);
	cr_assert_gt(first, TABLE_LEAST / 200);
	kit_clock_move(CLOCK_SECOND + 1);
	size_t second = fill("b", 0.);
	cr_assert_eq(second, first, "%zu, then %zu", first, second);
	expect("stays", "here");
	cr_assert_eq(fill("c", 0.), 0, "what lives is never driven out");
	cr_assert_eq(table_delete(table, key_of("b1")), 0);
	cr_assert_eq(put("b1", "x"), 0);
}

Test(table, tells_how_full_it_is)
{
	char longer[100];

	kit_clock_stop();
	memset(longer, 'x', sizeof(longer));
	cr_assert_gt(table_fill(table).room, TABLE_LEAST * 9 / 10);
	cr_assert_lt(table_fill(table).room, TABLE_LEAST);
	expect_fill(0, 0);
	cr_assert_eq(put("a", "one"), 0);
	cr_assert_eq(put("a", "two"), 0);
	expect_fill(1, 1);
	cr_assert_eq(table_put(table, key_of("b"), (struct table_value){ longer, sizeof(longer), 0. }), 0);
	expect_fill(2, 4);
	cr_assert_eq(table_add(table, key_of("n"), 1, 0., NULL), 0);
	cr_assert_eq(table_add(table, key_of("n"), 1, 0., NULL), 0);
	expect_fill(3, 5);
	cr_assert_eq(table_delete(table, key_of("b")), 0);
	expect_fill(2, 2);
	size_t more = fill("full ", 1.);
	cr_assert_leq(table_fill(table).entries, more + 2);
	cr_assert_geq(table_fill(table).used, table_fill(table).room - 64 * 64);
	cr_assert_geq(table_fill(table).refused, 100);
	kit_clock_move(CLOCK_SECOND + 1);
	for (int i = 0; i < 40; i++) {         /* each shard looks for what has expired */
		char key[16];
		snprintf(key, sizeof(key), "again %d", i);
		cr_assert_eq(put(key, "x"), 0);
	}
	expect_fill(42, 42);
}

/* ---- processes ---- */

static void spare(pid_t child)
{
	int status;

	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

Test(table, adds_of_many_processes_are_all_there)
{
	enum { CHILDREN = 4, EACH = 50000 };
	pid_t children[CHILDREN];
	int64_t sum;

	for (int i = 0; i < CHILDREN; i++) {
		children[i] = fork();
		for (int k = 0; children[i] == 0 && k < EACH; k++)
			if (table_add(table, key_of("n"), 1, 0., NULL) < 0)
				_exit(1);
		if (children[i] == 0)
			_exit(0);
	}
	for (int i = 0; i < CHILDREN; i++)
		spare(children[i]);
	cr_assert_eq(table_add(table, key_of("n"), 0, 0., &sum), 0);
	cr_assert_eq(sum, CHILDREN * EACH);
}

Test(table, goes_on_in_another_program)
{
	cr_assert_eq(put("a", "one"), 0);
	struct table *again = table_open("test", dup(table_fd(table)));
	cr_assert_not_null(again);
	cr_assert_eq(table_size(again), TABLE_LEAST);
	cr_assert_eq(table_put(again, key_of("a"), value_of("two", 0.)), 0);
	table_destroy(again);
	expect("a", "two");
}

Test(table, a_file_of_something_else_is_none)
{
	int fd = memfd_create("other", MFD_CLOEXEC), small = memfd_create("small", MFD_CLOEXEC);

	cr_assert_eq(ftruncate(fd, TABLE_LEAST), 0);
	cr_assert_null(table_open("test", fd));
	cr_assert_eq(errno, EINVAL);
	cr_assert_null(table_open("test", small));
	cr_assert_eq(errno, EINVAL);
}
