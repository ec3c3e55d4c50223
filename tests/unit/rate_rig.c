/* SPDX-License-Identifier: MIT */
#include "rate_rig.h"

#include <criterion/criterion.h>

#include "base/clock.h"
#include "sys/rates.h"

struct rate rate;
struct counts rate_counts;

static struct bucket_rule rule_of(unsigned burst)
{
	const uint64_t each = 3600 * CLOCK_SECOND;

	return (struct bucket_rule){ .each = burst > 0 ? each : 0, .whole = burst * each };
}

void rate_up(unsigned client, unsigned service)
{
	rate_counts = (struct counts){ 0 };
	rate = (struct rate){
		.shared = rates_create(256),
		.rules[COUNT_CLIENT] = rule_of(client),
		.rules[COUNT_SERVICE] = rule_of(service),
		.texts[COUNT_CLIENT] = "1/h",
		.texts[COUNT_SERVICE] = "2/h",
		.prefix4 = 32,
		.prefix6 = 64,
		.service = "web",
		.counts = &rate_counts,
	};
	cr_assert_not_null(rate.shared);
}

void rate_down(void)
{
	rates_destroy(rate.shared);
}
