/* SPDX-License-Identifier: MIT */
/* table_hurt.c - a table whose writers die, stop, or write where they like. */
#include "sys/table_parts.h"
#include "table_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

TABLE_SUITE(table_hurt);

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
Test(table_hurt, what_was_written_over_costs_entries_and_no_more)
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

/* ---- writers that die or stop ---- */

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

	prctl(PR_SET_PDEATHSIG, SIGKILL);
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
		usleep(100 + i % 7 * 100);       /* at any moment of its work */
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

Test(table_hurt, a_thousand_killed_writers_leave_it_whole)
{
	kill_writers(1000, 1e-5);
}

/* Where nothing expires, nobody looks for what is free but for the death. */
Test(table_hurt, what_killed_writers_had_taken_is_free_again)
{
	kill_writers(300, 0.);
}

Test(table_hurt, nobody_waits_long_for_one_that_was_stopped)
{
	pid_t child = fork();

	if (child == 0)
		write_for_ever(1, 0.);
	bool busy = false;
	for (unsigned i = 0; i < 1000 && !busy; i++) {
		usleep(500);     /* likewise */
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
