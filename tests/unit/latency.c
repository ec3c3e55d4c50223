/* SPDX-License-Identifier: MIT */
/* latency.c - base/latency.c: quantiles at most 1/16 too high. */
#include "base/latency.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct latency *some(void)
{
	struct latency *l = calloc(1, sizeof(*l));

	cr_assert_not_null(l);
	return l;
}

Test(latency, buckets_never_go_back_and_end_at_the_last)
{
	unsigned last = 0;

	for (uint64_t us = 0; us < 1 << 20; us++) {
		unsigned at = latency_bucket(us);
		cr_assert(at == last || at == last + 1, "%llu", (unsigned long long)us);
		last = at;
	}
	for (unsigned bit = 20; bit < 64; bit++) {
		unsigned at = latency_bucket(UINT64_C(1) << bit);
		cr_assert_geq(at, last);
		cr_assert_lt(at, (unsigned)LATENCY_BUCKETS);
		last = at;
	}
	cr_assert_eq(latency_bucket(UINT64_MAX), LATENCY_BUCKETS - 1u);
}

Test(latency, of_nothing_is_nothing)
{
	struct latency *l = some();

	cr_assert_eq(latency_quantile(l, .5), 0.);
	cr_assert_eq(latency_quantile(l, 1.), 0.);
	free(l);
}

/* One value is all quantiles, and the maximum is exact. */
Test(latency, of_one_value_is_that_value)
{
	static const uint64_t values[] = { 0, 1, 31, 32, 33, 1000, 123456, 60000000 };

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		struct latency *l = some();
		latency_add(l, values[i], 3);
		cr_assert_eq(l->count, 3);
		cr_assert_eq(l->sum, 3 * values[i]);
		cr_assert_float_eq(latency_quantile(l, .01), (double)values[i] / 1e6, 1e-12);
		cr_assert_float_eq(latency_quantile(l, 1.), (double)values[i] / 1e6, 1e-12);
		free(l);
	}
}

Test(latency, quantiles_are_at_most_a_sixteenth_too_high)
{
	enum { VALUES = 100000 };
	struct latency *l = some();

	for (uint64_t us = 1; us <= VALUES; us++)
		latency_add(l, us, 1);
	for (unsigned percent = 1; percent <= 100; percent++) {
		double exact = percent / 100. * VALUES / 1e6;
		double told = latency_quantile(l, percent / 100.);
		cr_assert(told >= exact - 1e-9 && told <= exact * (1. + 1. / LATENCY_STEPS) + 2e-6,
			"p%u is %g, told as %g", percent, exact, told);
	}
	free(l);
}

Test(latency, merged_is_as_if_added_to_one)
{
	struct latency *a = some(), *b = some(), *both = some();

	for (uint64_t us = 1; us < 100000; us += 7) {
		latency_add(us % 2 ? a : b, us, 1);
		latency_add(both, us, 1);
	}
	latency_merge(a, b);
	cr_assert_arr_eq(a, both, sizeof(*a));
	free(a);
	free(b);
	free(both);
}

Test(latency, since_takes_off_what_was_before)
{
	struct latency *all = some(), *before = some(), *later = some();

	for (uint64_t us = 1; us < 1000; us++)
		latency_add(all, us, 1);
	*before = *all;
	for (uint64_t us = 5000; us < 6000; us++) {
		latency_add(all, us, 2);
		latency_add(later, us, 2);
	}
	latency_since(all, before);
	cr_assert_arr_eq(all, later, sizeof(*all));
	free(all);
	free(before);
	free(later);
}

Test(latency, below_a_power_of_two_is_exact)
{
	struct latency *l = some();

	for (uint64_t us = 0; us < 70000; us++)
		latency_add(l, us, 1);
	for (unsigned bit = 0; bit <= 16; bit++)
		cr_assert_eq(latency_below(l, UINT64_C(1) << bit), UINT64_C(1) << bit, "%u", bit);
	cr_assert_eq(latency_below(l, UINT64_C(1) << 17), 70000);
	cr_assert_eq(latency_below(l, UINT64_C(1) << 36), 70000);
	free(l);
}
