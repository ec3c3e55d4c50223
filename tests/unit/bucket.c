/* SPDX-License-Identifier: MIT */
/*
 * bucket.c - sys/bucket.h: a token bucket in one word.
 */
#include "sys/bucket.h"

#include <criterion/criterion.h>
#include <pthread.h>

enum { EACH = 100, BURST = 5 };

static const struct bucket_rule rule = { .each = EACH, .whole = BURST * EACH };
static const uint64_t start = 1000000;

static unsigned take_all(bucket_word *b, uint64_t now)
{
	unsigned taken = 0;
	uint64_t wait;

	while (bucket_take(b, &rule, now, &wait))
		taken++;
	return taken;
}

Test(bucket, a_burst_is_there_at_once_and_no_more)
{
	bucket_word b = 0;

	cr_assert_eq(take_all(&b, start), BURST);
	cr_assert_eq(take_all(&b, start + EACH - 1), 0);
	cr_assert_eq(take_all(&b, start + EACH), 1);
}

Test(bucket, what_comes_back_is_no_more_than_a_burst)
{
	bucket_word b = 0;

	cr_assert_eq(take_all(&b, start), BURST);
	cr_assert_eq(take_all(&b, start + 3 * EACH), 3);
	cr_assert_eq(take_all(&b, start + 1000 * EACH), BURST);
}

Test(bucket, it_says_exactly_how_long_to_wait)
{
	bucket_word b = 0;
	uint64_t wait = 0;

	take_all(&b, start);
	cr_assert_not(bucket_take(&b, &rule, start + 30, &wait));
	cr_assert_eq(wait, EACH - 30);
	cr_assert_not(bucket_take(&b, &rule, start + 30 + wait - 1, &wait));
	cr_assert_eq(wait, 1);
	cr_assert(bucket_take(&b, &rule, start + EACH, &wait));
}

Test(bucket, who_is_refused_does_not_wait_longer)
{
	bucket_word b = 0;
	uint64_t wait;

	take_all(&b, start);
	for (int i = 0; i < 1000; i++)
		cr_assert_not(bucket_take(&b, &rule, start + 1, &wait));
	cr_assert(bucket_take(&b, &rule, start + EACH, &wait));
}

Test(bucket, a_burst_of_one_is_one_each_time)
{
	const struct bucket_rule one = { .each = EACH, .whole = EACH };
	bucket_word b = 0;
	uint64_t wait;

	for (uint64_t now = start; now < start + 10 * EACH; now += EACH) {
		cr_assert(bucket_take(&b, &one, now, &wait));
		cr_assert_not(bucket_take(&b, &one, now + EACH - 1, &wait));
		cr_assert_eq(wait, 1);
	}
}

Test(bucket, a_clock_that_goes_back_costs_a_whole_bucket_at_most)
{
	bucket_word b = 0;
	uint64_t wait;

	take_all(&b, start + 2 * BUCKET_LATE);
	cr_assert_not(bucket_take(&b, &rule, start, &wait));
	cr_assert_eq(wait, EACH);
	cr_assert_eq(take_all(&b, start + EACH), 1);
	cr_assert_eq(take_all(&b, start + 1000 * EACH), BURST);
}

Test(bucket, a_clock_that_is_read_late_gives_nothing_away)
{
	bucket_word b = 0;
	uint64_t wait;

	take_all(&b, start + 1000);
	cr_assert_not(bucket_take(&b, &rule, start, &wait));
	cr_assert_eq(wait, 1000 + EACH);
	cr_assert_eq(take_all(&b, start + 1000), 0);
	cr_assert_eq(take_all(&b, start + 1000 + EACH), 1);
}

Test(bucket, another_rule_goes_on_with_it)
{
	const struct bucket_rule slow = { .each = 2 * BUCKET_LATE, .whole = 4 * BUCKET_LATE };
	bucket_word b = 0;
	uint64_t wait;

	cr_assert(bucket_take(&b, &slow, start, &wait));
	cr_assert_not(bucket_take(&b, &rule, start, &wait), "it began anew");
	cr_assert_eq(take_all(&b, start + EACH), 1);
	b = 0;
	cr_assert_eq(take_all(&b, start), BURST);
	cr_assert(bucket_take(&b, &slow, start, &wait));
	cr_assert_not(bucket_take(&b, &slow, start, &wait), "what was taken is forgotten");
}

Test(bucket, what_was_given_back_is_there_again)
{
	bucket_word b = 0;
	uint64_t wait;

	take_all(&b, start);
	bucket_give_back(&b, &rule);
	cr_assert(bucket_take(&b, &rule, start, &wait));
	cr_assert_not(bucket_take(&b, &rule, start, &wait));
	b = EACH - 1;
	bucket_give_back(&b, &rule);
	cr_assert_eq(b, EACH - 1);
}

Test(bucket, what_others_took_counts)
{
	bucket_word b = 0;

	bucket_charge(&b, &rule, start, 0);
	bucket_charge(&b, &rule, start, BURST - 2);
	cr_assert_eq(take_all(&b, start), 2);
	bucket_charge(&b, &rule, start, UINT64_MAX);
	cr_assert_eq(take_all(&b, start + EACH), 1, "it is more than empty");
	bucket_charge(&b, &rule, start + 1000 * EACH, BURST);
	cr_assert_eq(take_all(&b, start + 1000 * EACH), 0);
}

Test(bucket, what_was_taken_elsewhere_beyond_it_comes_back_first)
{
	const struct bucket_rule deep = { .each = EACH, .whole = BURST * EACH, .debt = 3 * EACH };
	uint64_t wait = 0;
	bucket_word b = 0;

	bucket_charge(&b, &deep, start, BURST + 2);
	cr_assert_not(bucket_take(&b, &deep, start, &wait));
	cr_assert_eq(wait, 3 * EACH);
	bucket_charge(&b, &deep, start, 100);
	cr_assert_not(bucket_take(&b, &deep, start, &wait));
	cr_assert_eq(wait, 4 * EACH, "there is an end to it");
	cr_assert(bucket_take(&b, &deep, start + wait, &wait));
	cr_assert_eq(take_all(&b, start + 4 * EACH), 0);
}

/* ---- many at once ---- */

enum { THREADS = 4, TRIES = 200000 };

struct crowd {
	bucket_word      b;
	_Atomic uint64_t clock;
	_Atomic uint64_t taken;
};

static void *crowd_takes(void *arg)
{
	struct crowd *c = arg;
	uint64_t wait, taken = 0;

	for (int i = 0; i < TRIES; i++)
		taken += bucket_take(&c->b, &rule, start + atomic_fetch_add(&c->clock, 1), &wait);
	atomic_fetch_add(&c->taken, taken);
	return NULL;
}

/* The clock goes on by one each try, so that at its end it is known how many had to be let through. */
Test(bucket, many_at_once_get_exactly_what_one_would)
{
	struct crowd c = { 0 };
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, crowd_takes, &c), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	uint64_t most = BURST + THREADS * TRIES / EACH;
	cr_assert_leq(c.taken, most);
	cr_assert_geq(c.taken, most - most / 50);
}
