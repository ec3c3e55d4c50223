/* SPDX-License-Identifier: MIT */
/* pace.c - base/pace.c: what is too slow, and what only looks so. */
#include "base/pace.h"

#include <criterion/criterion.h>

/* Looks until it is slow, at most so often; bytes come before each.  Gives the looks. */
static unsigned looks(const struct pace_rule *rule, uint64_t bytes, unsigned most)
{
	struct pace p = {0};
	uint64_t has = 0;

	for (unsigned i = 1; i <= most; i++)
		if (pace_is_slow(rule, &p, has += bytes))
			return i;
	return most + 1;
}

Test(pace, who_sends_at_the_rate_is_never_slow)
{
	struct pace_rule rule = { .rate = 100., .grace = 5., .tick = 1. };

	cr_assert_eq(looks(&rule, 100, 1000), 1001);
	cr_assert_eq(looks(&rule, 1000, 1000), 1001);
}

Test(pace, one_byte_a_second_is_slow_when_the_grace_is_used_up)
{
	struct pace_rule rule = { .rate = 100., .grace = 5., .idle = 60., .tick = 1. };

	cr_assert_eq(looks(&rule, 0, 1000), 5);
	cr_assert_eq(looks(&rule, 1, 1000), 6);
	cr_assert_eq(looks(&rule, 50, 1000), 10);
}

Test(pace, what_came_early_does_not_buy_time)
{
	struct pace_rule rule = { .rate = 100., .grace = 5., .tick = 1. };
	struct pace p = {0};

	cr_assert_not(pace_is_slow(&rule, &p, 1000000));
	for (int i = 0; i < 4; i++)
		cr_assert_not(pace_is_slow(&rule, &p, 1000000));
	cr_assert(pace_is_slow(&rule, &p, 1000000));
}

Test(pace, who_catches_up_has_all_of_the_grace_again)
{
	struct pace_rule rule = { .rate = 100., .grace = 5., .tick = 1. };
	struct pace p = {0};

	for (uint64_t has = 0; has < 5000; has += 500)
		for (int i = 0; i < 4; i++)
			cr_assert_not(pace_is_slow(&rule, &p, has + 500));
}

Test(pace, less_than_before_is_no_news)
{
	struct pace_rule rule = { .rate = 100., .grace = 3., .tick = 1. };
	struct pace p = { .had = 1000 };

	cr_assert_not(pace_is_slow(&rule, &p, 500));
	cr_assert_not(pace_is_slow(&rule, &p, 900));
	cr_assert(pace_is_slow(&rule, &p, 1000));
}

Test(pace, limits_of_time_hold_beside_the_rate)
{
	struct pace_rule total = { .rate = 100., .grace = 50., .total = 7., .tick = 1. };
	struct pace_rule idle = { .rate = 100., .grace = 50., .idle = 3., .tick = 1. };

	cr_assert_eq(looks(&total, 100, 1000), 7);
	cr_assert_eq(looks(&idle, 0, 1000), 3);
	cr_assert_eq(looks(&idle, 100, 1000), 1001);
}

Test(pace, looks_as_often_as_its_shortest_limit_wants)
{
	cr_assert_float_eq(pace_tick(&(struct pace_rule){ .rate = 1., .grace = 30. }), 1., 1e-9);
	cr_assert_float_eq(pace_tick(&(struct pace_rule){ .rate = 1., .grace = .5 }), .5, 1e-9);
	cr_assert_float_eq(pace_tick(&(struct pace_rule){ .idle = .2, .total = 3. }), .2, 1e-9);
	cr_assert_float_eq(pace_tick(&(struct pace_rule){ .idle = 60., .total = .1 }), .1, 1e-9);
}
