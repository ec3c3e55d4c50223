/* SPDX-License-Identifier: MIT */
/* tick.c - base/tick.c: as good as the clock, with a counter and without one. */
#include "base/tick.h"

#include <criterion/criterion.h>

#define MS 1000000ULL

static void wait_ns(uint64_t ns)
{
	uint64_t until = clock_ns() + ns;

	while (clock_ns() < until)
		;
}

/* Anchored often enough to believe the counter, where there is one. */
static struct tick learned(void)
{
	struct tick t;

	tick_init(&t);
	for (uint64_t until = clock_ns() + 2000 * MS; t.counts && t.span == 0 && clock_ns() < until;) {
		tick_anchor(&t);
		wait_ns(MS);
	}
	tick_anchor(&t);
	return t;
}

Test(tick, learns_where_the_kernel_has_the_same_clock, .timeout = 20)
{
	struct tick t = learned();

	cr_assert_eq(t.span > 0, t.counts);
	tick_init(&t);
	cr_assert_eq(t.span, 0, "believed before it was learned");
}

/* Whoever measures may be kept from it for a while: one good try of many will do. */
static bool is_near_the_clock(struct tick *t)
{
	tick_anchor(t);
	wait_ns(20 * MS);
	uint64_t before = clock_ns(), told = tick_ns(t), after = clock_ns();
	uint64_t room = (after - t->ns) / 100;

	return told + room >= before && told <= after + room;
}

Test(tick, is_within_a_hundredth_of_the_clock, .timeout = 20)
{
	struct tick t = learned();
	unsigned good = 0;

	for (unsigned i = 0; i < 20; i++)
		good += is_near_the_clock(&t);
	cr_assert_geq(good, 15, "%u of 20", good);
}

Test(tick, never_goes_back_within_a_turn, .timeout = 20)
{
	struct tick t = learned();
	uint64_t last = t.ns;

	for (unsigned i = 0; i < 100000 && last < t.ns + TICK_SPAN / 2; i++) {
		uint64_t now = tick_ns(&t);
		cr_assert_geq(now, last);
		last = now;
	}
}

/* Whether a turn that begins right behind an anchor has none of its own. */
static bool begins_by_counter(struct tick *t)
{
	tick_anchor(t);
	uint64_t anchor = t->ns, told = tick_begin(t);

	cr_assert_geq(told, anchor);
	return t->ns == anchor;
}

Test(tick, begins_a_turn_without_the_clock_while_its_anchor_is_fresh, .timeout = 20)
{
	struct tick t = learned();
	unsigned good = 0;

	for (unsigned i = 0; i < 20; i++)
		good += begins_by_counter(&t);
	cr_assert(t.span > 0 ? good >= 15 : good == 0, "%u of 20", good);
	wait_ns(2 * TICK_FRESH);
	uint64_t before = clock_ns(), told = tick_begin(&t);
	cr_assert(told == t.ns && told >= before, "an old anchor was taken");
}

Test(tick, asks_the_clock_far_from_its_anchor, .timeout = 20)
{
	struct tick t = learned();

	t.rate *= 2;     /* which shows who was asked */
	wait_ns(TICK_SPAN + MS);
	uint64_t before = clock_ns(), told = tick_ns(&t);
	cr_assert(before <= told && told <= clock_ns());
}

Test(tick, asks_the_clock_without_a_counter)
{
	struct tick t = {0};

	for (unsigned i = 0; i < 100; i++) {
		tick_anchor(&t);
		uint64_t before = clock_ns(), told = tick_ns(&t);
		cr_assert(before <= told && told <= clock_ns());
	}
	cr_assert_eq(t.since_ns, 0, "learned from nothing");
}

/* The machine slept, or is another one now. */
Test(tick, believes_no_rate_that_it_saw_once)
{
	struct tick t = { .ns = 1000 * MS, .count = 3000 * MS };

	tick_learn(&t);
	cr_assert_eq(t.span, 0);
	t.ns += 100 * MS, t.count += 300 * MS;
	tick_learn(&t);
	cr_assert_eq(t.span, 3ULL * TICK_SPAN);
	t.ns += 100 * MS, t.count += 290 * MS;
	tick_learn(&t);
	cr_assert_eq(t.span, 0);
	t.ns += 100 * MS, t.count += 290 * MS;
	tick_learn(&t);
	cr_assert_gt(t.span, 0);
	t.ns += 100 * MS, t.count -= 1;
	tick_learn(&t);
	cr_assert_eq(t.span, 0, "it went back");
}

Test(tick, since_is_never_less_than_nothing)
{
	struct tick t = {0};

	tick_anchor(&t);
	cr_assert_eq(tick_since(&t, clock_ns() + 1000 * MS), 0);
	cr_assert_geq(tick_since(&t, clock_ns() - MS), MS);
}
