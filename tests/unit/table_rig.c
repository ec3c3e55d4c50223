/* SPDX-License-Identifier: MIT */
#include "table_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct table *table;

void table_set_up(void)
{
	table = table_create("test", TABLE_LEAST);
	cr_assert_not_null(table, "%s", strerror(errno));
}

void table_tear_down(void)
{
	table_destroy(table);
}

struct table_key key_of(const char *text)
{
	return (struct table_key){ text, strlen(text) };
}

struct table_value value_of(const char *text, double ttl)
{
	return (struct table_value){ text, strlen(text), ttl };
}

size_t fill(const char *prefix, double ttl)
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

void expect_fill(size_t entries, size_t cells)
{
	struct table_fill fill = table_fill(table);

	cr_assert_eq(fill.entries, entries, "%zu entries, not %zu", fill.entries, entries);
	cr_assert_eq(fill.used, cells * 64, "%zu bytes, not %zu", fill.used, cells * 64);
}
