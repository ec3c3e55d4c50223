/* SPDX-License-Identifier: MIT */
/*
 * pace.h - whether what somebody owes comes fast enough.
 *
 * Looked at every tick seconds while it is owed.  A leaky bucket of time: each tick
 * is a debt, what came pays for bytes / rate seconds of it, and nothing is saved up.  Who
 * sends at the rate or faster is never in debt, who stops altogether has the grace.
 *
 * Pure: no clock, no I/O.
 */
#ifndef PORTICO_BASE_PACE_H
#define PORTICO_BASE_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace_rule {               /* seconds; 0 of any but tick: no limit */
	double rate;             /* bytes a second */
	double grace;            /* debt that may be */
	double idle;             /* without a byte */
	double total;            /* for all of it */
	double tick;             /* between two looks, by pace_tick() */
};

struct pace {                    /* zero: nothing is owed yet */
	uint64_t had;            /* bytes at the last look */
	float    waited;         /* seconds, these three */
	float    quiet;
	float    debt;
};

/* How often to look, so that no limit of the rule is missed by more than itself. */
double pace_tick(const struct pace_rule *rule);

/* A tick has passed and has bytes have come by now, since the beginning; true if that
 * is too slow.  Less than the last time is no news. */
bool pace_is_slow(const struct pace_rule *rule, struct pace *p, uint64_t has);

#endif
