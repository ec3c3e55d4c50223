/* SPDX-License-Identifier: MIT */
/* load_rig.c - what the tests of balance = load have in common. */
#include "load_rig.h"

#include <string.h>
#include <sys/resource.h>

#include "balance_rig.h"
#include "harness.h"
#include "operate.h"

void load_set_up(void)
{
	harness_set_up();
	(void)setpriority(PRIO_PROCESS, 0, -20);
}

bool load_is_shortest(const char *service)
{
	return strcmp(balance_says(service, "runs"), "shortest queue, extended BPF") == 0;
}

void load_stay(unsigned count)
{
	crowd_join(&crowd, 8080, count);
	cr_assert_eq(crowd.cut, 0);
}

void load_expect_even(unsigned slots, double limit, const char *after)
{
	enum { FEW = 50, MOST = 400 };
	double fullest = crowd_fullest(&crowd, slots);

	for (unsigned more = 0; fullest > limit && more < MOST; more += FEW) {
		load_stay(FEW);
		fullest = crowd_fullest(&crowd, slots);
	}
	cr_log_info("after %s the fullest of %u slots holds %.3f times the mean", after, slots, fullest);
	cr_assert_leq(fullest, limit, "after %s: %.3f", after, fullest);
}

void load_expect_uncut(void)
{
	crowd_ask(&crowd);
	cr_assert_eq(crowd.cut, 0, "%u clients were cut", crowd.cut);
}

static bool have_left(void *unused)
{
	(void)unused;
	json_t *status = status_read();
	const json_t *service = json_array_get(json_object_get(status, "services"), 0);
	long long active = json_integer_value(json_object_get(service, "active"));

	json_decref(status);
	return active == crowd.count;
}

void load_await_left(void)
{
	cr_assert(wait_until(have_left, NULL, PATIENCE), "never as few as %u", crowd.count);
}

void load_renew_half(void)
{
	crowd_leave(&crowd, crowd.count / 2);
	load_await_left();
	load_stay(STAY - crowd.count);
}

void load_end(struct server *s)
{
	crowd_leave(&crowd, crowd.count);
	server_stop(s);
}
