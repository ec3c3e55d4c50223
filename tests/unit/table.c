/* SPDX-License-Identifier: MIT */
/* table.c - sys/table.c: entries that all processes share, whoever dies. */
#include "sys/table_parts.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

static struct table *table;

static void set_up(void)
{
	table = table_create("test", TABLE_LEAST);
	cr_assert_not_null(table, "%s", strerror(errno));
}

static void tear_down(void)
{
	table_destroy(table);
}

TestSuite(table, .init = set_up, .fini = tear_down, .timeout = 120);

static struct table_key key_of(const char *text)
{
	return (struct table_key){ text, strlen(text) };
}

static struct table_value value_of(const char *text, double ttl)
{
	return (struct table_value){ text, strlen(text), ttl };
}

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

static void expect_fill(size_t entries, size_t cells)
{
	struct table_fill fill = table_fill(table);

	cr_assert_eq(fill.entries, entries, "%zu entries, not %zu", fill.entries, entries);
	cr_assert_eq(fill.used, cells * 64, "%zu bytes, not %zu", fill.used, cells * 64);
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

static void await(uint64_t when)
{
	while (clock_ns() <= when)
		usleep(1000);
}

Test(table, forgets_what_has_expired)
{
	uint64_t before = clock_ns();
	int64_t now;

	cr_assert_eq(table_put(table, key_of("a"), value_of("one", 0.3)), 0);
	cr_assert_eq(table_add(table, key_of("n"), 5, 0.3, NULL), 0);
	cr_assert_eq(table_add(table, key_of("n"), 5, 1000., &now), 0);
	if (clock_ns() < before + CLOCK_SECOND / 4)
		cr_assert_eq(now, 10);
	await(clock_ns() + CLOCK_SECOND / 3);
	expect_none("a");
	cr_assert_eq(table_swap(table, key_of("a"), NULL, value_of("two", 0.)), 0);
	cr_assert_eq(table_add(table, key_of("n"), 1, 0., &now), 0);
	cr_assert_eq(now, 1, "its first ttl counts, and it has begun anew");
}

static size_t fill(const char *prefix, double ttl)
{
	char key[64];
	size_t count = 0, misses = 0;

	for (unsigned i = 0; misses < 100; i++) {
		snprintf(key, sizeof(key), "%s%u", prefix, i);
		if (table_put(table, key_of(key), value_of("some value that takes two cells or so....", ttl)) < 0) {
			misses++;        /* in a row: one shard is full before another */
			continue;
		}
		misses = 0;
		count++;
	}
	cr_assert_eq(errno, ENOSPC);
	return count;
}

Test(table, is_full_until_something_has_expired)
{
	cr_assert_eq(put("stays", "here"), 0);
	size_t first = fill("a", 1.);
	cr_assert_gt(first, TABLE_LEAST / 200);
	await(clock_ns() + CLOCK_SECOND);
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
	await(clock_ns() + CLOCK_SECOND);
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

/* ---- a worker that writes where it likes ---- */

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Over some of a shard, but for its lock. */
static void scribble(uint32_t *state)
{
	struct shard *s = shard_at(table, next_random(state) % table->is.shards);
	const uint32_t cells = table->is.cells, all = (table->is.shard_size - offsetof(struct shard, free)) / 4;

	for (unsigned i = 0; i < 300; i++) {
		uint32_t number = next_random(state) % cells;
		struct cell *c = cell_at(table, s, number);
		uint32_t values[] = { 0, 1, cells - 1, cells, 1 << 20, UINT32_MAX, number, next_random(state) % cells };
		uint32_t *places[] = { &s->buckets[number], &c->next, &c->more, &c->value_len,
			&s->free + next_random(state) % all, i % 32 == 0 ? &s->free : &c->next,
			i % 32 == 1 ? &s->fresh : &c->more };
		*places[next_random(state) % 7] = values[next_random(state) % 8];
	}
}

static void use(uint32_t *state)
{
	static char value[TABLE_VALUE], key[16];

	for (unsigned i = 0; i < 500; i++) {
		struct table_key name = { key, (size_t)snprintf(key, sizeof(key), "%u", next_random(state) % 900) };
		struct table_value v = { value, next_random(state) % 2000, i % 3 ? 1e-9 : 0. };
		int64_t n;
		switch (i % 5) {
		case 0:
			if (table_get(table, name, value, sizeof(value)) > TABLE_VALUE)
				_exit(1);
			break;
		case 1:
			(void)table_add(table, name, 1, 0., &n);
			break;
		case 2:
			(void)table_delete(table, name);
			break;
		default:
			(void)table_put(table, name, v);
		}
		(void)table_fill(table);
	}
}

/* One that dies, or never comes back, is seen by its parent. */
Test(table, what_was_written_over_costs_entries_and_no_more)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		alarm(60);
		for (uint32_t i = 0, state = 1; i < 300; i++) {
			use(&state);
			scribble(&state);
			use(&state);
			table_destroy(table);
			table = table_create("test", TABLE_LEAST);
		}
		_exit(0);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %x", (unsigned)status);
}

/* A value says itself which key it is of, how long it is and what is in it. */
static size_t make_value(char *out, unsigned key, unsigned seed)
{
	size_t len = 16 + seed % 600;
	int head = snprintf(out, 16, "%u/%zu", key, len);

	memset(out + head, 'a' + (int)((key + seed) % 26), len - (size_t)head);
	out[15] = (char)('a' + (key + seed) % 26);
	return len;
}

static bool is_whole(const char *value, size_t len, unsigned key)
{
	char head[32];
	int n = snprintf(head, sizeof(head), "%u/%zu", key, len);

	if (memcmp(value, head, (size_t)n) != 0)
		return false;
	for (size_t i = (size_t)n; i < len; i++)
		if (value[i] != value[n])
			return false;
	return true;
}

enum { KEYS = 64 };

static void write_for_ever(unsigned seed, double ttl)
{
	char value[1024], name[16];

	for (;; seed = seed * 1103515245 + 12345) {
		unsigned key = seed >> 16 & (KEYS - 1);
		snprintf(name, sizeof(name), "key %u", key);
		size_t len = make_value(value, key, seed >> 8 & 0xffff);
		if (seed >> 28 == 0)
			(void)table_delete(table, key_of(name));
		else
			(void)table_put(table, key_of(name), (struct table_value){ value, len, seed >> 28 < 4 ? ttl : 0. });
		(void)table_add(table, key_of("n"), 1, 0., NULL);
	}
}

static void assert_all_whole(void)
{
	char value[1024], name[16];

	for (unsigned key = 0; key < KEYS; key++) {
		snprintf(name, sizeof(name), "key %u", key);
		ssize_t len = table_get(table, key_of(name), value, sizeof(value));
		cr_assert(len >= 0 || errno == ENOENT, "%s", strerror(errno));
		cr_assert(len < 0 || is_whole(value, (size_t)len, key), "%s is torn: %.*s", name, (int)len, value);
	}
}

static void empty(void)
{
	char name[16];

	for (unsigned key = 0; key < KEYS; key++) {
		snprintf(name, sizeof(name), "key %u", key);
		(void)table_delete(table, key_of(name));
	}
	cr_assert_eq(table_delete(table, key_of("n")), 0);
}

static unsigned count_lines(int fd)
{
	static char text[256 * 1024];
	unsigned count = 0;
	ssize_t len = pread(fd, text, sizeof(text), 0);

	for (ssize_t i = 0; i < len; i++)
		count += text[i] == '\n';
	return count;
}

/* How many entries of fill() a table has room for. */
static size_t whole_room(void)
{
	struct table *used = table;

	table = table_create("other", TABLE_LEAST);
	size_t room = fill("room ", 0.);
	table_destroy(table);
	table = used;
	return room;
}

static void kill_writers(unsigned count, double ttl)
{
	int64_t before = 0, now;
	int said = memfd_create("said", MFD_CLOEXEC), saved = dup(STDERR_FILENO);

	dup2(said, STDERR_FILENO);       /* a line for each repair */
	for (unsigned i = 0; i < count; i++) {
		pid_t child = fork();
		if (child == 0)
			write_for_ever(i * 2654435761u, ttl);
		usleep(100 + i % 7 * 100);
		cr_assert_eq(kill(child, SIGKILL), 0);
		cr_assert_eq(waitpid(child, NULL, 0), child);
		assert_all_whole();
		cr_assert_eq(table_add(table, key_of("n"), 0, 0., &now), 0);
		cr_assert_geq(now, before);
		before = now;
	}
	dup2(saved, STDERR_FILENO);
	cr_assert_gt(count_lines(said), count / 50, "hardly one was killed with the lock");
	cr_assert_gt(before, count, "they hardly wrote");
	empty();
	expect_fill(0, 0);
	cr_assert_eq(fill("room ", 0.), whole_room(), "cells are lost");
}

Test(table, a_thousand_killed_writers_leave_it_whole)
{
	kill_writers(1000, 1e-5);
}

/* Where nothing expires, nobody looks for what is free but for the death. */
Test(table, what_killed_writers_had_taken_is_free_again)
{
	kill_writers(300, 0.);
}

Test(table, nobody_waits_long_for_one_that_was_stopped)
{
	pid_t child = fork();

	if (child == 0)
		write_for_ever(1, 0.);
	bool busy = false;
	for (unsigned i = 0; i < 1000 && !busy; i++) {
		usleep(500);
		kill(child, SIGSTOP);
		waitpid(child, NULL, WUNTRACED);
		uint64_t before = clock_ns();
		for (unsigned key = 0; key < KEYS && !busy; key++) {
			char name[16];
			snprintf(name, sizeof(name), "key %u", key);
			busy = table_get(table, key_of(name), NULL, 0) < 0 && errno == EBUSY;
		}
		cr_assert(!busy || clock_ns() - before < 5 * CLOCK_SECOND);
		kill(child, SIGCONT);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	cr_assert(busy, "it was never stopped with the lock");
	assert_all_whole();
}
