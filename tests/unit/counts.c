/* SPDX-License-Identifier: MIT */
/* counts.c - sys/counts.c: numbers that are added, taken off, and what follows from them. */
#include "sys/counts.h"

#include <criterion/criterion.h>
#include <string.h>

enum { WORDS = sizeof(struct counts) / sizeof(uint64_t) };

static struct counts numbered(uint64_t from)
{
	struct counts c;
	uint64_t *words = (uint64_t *)&c;

	for (unsigned i = 0; i < WORDS; i++)
		words[i] = from + i;
	return c;
}

Test(counts, all_of_it_is_read)
{
	struct counts shared = numbered(7), mine = { 0 };

	counts_read(&mine, &shared);
	cr_assert_arr_eq(&mine, &shared, sizeof(mine));
}

/* But the largest of two maxima is no sum. */
Test(counts, all_of_it_is_merged)
{
	struct counts a = numbered(1), b = numbered(1000), sum = a;

	counts_merge(&sum, &b);
	for (unsigned i = 0; i < WORDS; i++) {
		uint64_t x = ((uint64_t *)&a)[i], y = ((uint64_t *)&b)[i], z = ((uint64_t *)&sum)[i];
		bool is_max = &((uint64_t *)&sum)[i] == &sum.latency.max;
		cr_assert_eq(z, is_max ? y : x + y, "word %u", i);
	}
}

Test(counts, since_undoes_a_merge)
{
	struct counts a = numbered(1), b = numbered(1000), sum = a;

	counts_merge(&sum, &b);
	counts_since(&sum, &b);
	a.latency.max = b.latency.max;
	cr_assert_arr_eq(&sum, &a, sizeof(a));
}

Test(counts, active_is_what_came_and_has_not_gone)
{
	struct counts c = { .accepted = 10, .taken = 5, .given = 3, .closed = 6, .lost = 1 };

	cr_assert_eq(counts_active(&c), 5);
	c.closed = 11;
	cr_assert_eq(counts_active(&c), 0);
}

/* The end was read, its beginning was not yet: nothing is below nothing. */
Test(counts, active_is_never_below_zero)
{
	struct counts c = { .accepted = 10, .closed = 11 };

	cr_assert_eq(counts_active(&c), 0);
}

Test(counts, requests_are_those_of_all_classes)
{
	struct counts c = { .requests = { 1, 20, 300, 4000, 50000 } };

	cr_assert_eq(counts_requests(&c), 54321);
}

Test(counts, every_kind_of_error_has_a_name_of_its_own)
{
	for (unsigned i = 0; i < COUNT_ERRORS; i++) {
		cr_assert_not_null(count_error_name(i));
		for (unsigned k = 0; k < i; k++)
			cr_assert_str_neq(count_error_name(i), count_error_name(k));
	}
	cr_assert_str_eq(count_error_name(COUNT_ERRORS), "?");
}
