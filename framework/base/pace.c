/* SPDX-License-Identifier: MIT */
/*
 * pace.c - whether what somebody owes comes fast enough.
 */
#include "base/pace.h"

#define LONGEST_TICK 1.0

static double shorter(double tick, double limit)
{
	return limit > 0. && limit < tick ? limit : tick;
}

double pace_tick(const struct pace_rule *rule)
{
	double tick = shorter(LONGEST_TICK, rule->idle);

	tick = shorter(tick, rule->total);
	return rule->rate > 0. ? shorter(tick, rule->grace) : tick;
}

static void settle_debt(const struct pace_rule *rule, struct pace *p, uint64_t came)
{
	if (rule->rate <= 0.)
		return;
	double debt = p->debt + rule->tick - (double)came / rule->rate;
	p->debt = debt > 0. ? (float)debt : 0.F;
}

bool pace_is_slow(const struct pace_rule *rule, struct pace *p, uint64_t has)
{
	uint64_t came = has > p->had ? has - p->had : 0;

	p->had += came;
	p->waited += (float)rule->tick;
	p->quiet = came > 0 ? 0.F : p->quiet + (float)rule->tick;
	settle_debt(rule, p, came);
	return (rule->total > 0. && p->waited >= rule->total)
		|| (rule->idle > 0. && p->quiet >= rule->idle)
		|| (rule->rate > 0. && p->debt >= rule->grace);
}
