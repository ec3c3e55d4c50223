/* SPDX-License-Identifier: MIT */
/*
 * latency.h - how long things took, in bounded memory.
 *
 * Buckets whose width grows with the value: a quantile is at most 1/16 too
 * high, the maximum exact.  All zero is a valid empty one.  Only 64-bit
 * numbers, so that one process may read what another one adds to.
 */
#ifndef PORTICO_BASE_LATENCY_H
#define PORTICO_BASE_LATENCY_H

#include <stdint.h>

enum {
	LATENCY_STEPS = 16,              /* buckets per power of two */
	LATENCY_BUCKETS = 32 * LATENCY_STEPS,
};

struct latency {
	uint64_t count;
	uint64_t sum;                    /* microseconds */
	uint64_t max;                    /* microseconds */
	uint64_t buckets[LATENCY_BUCKETS];
};

/* Microseconds below 2 * LATENCY_STEPS have a bucket each; above, every power
 * of two is cut into LATENCY_STEPS. */
static inline unsigned latency_bucket(uint64_t us)
{
	if (us < 2 * LATENCY_STEPS)
		return (unsigned)us;
	unsigned shift = 63U - (unsigned)__builtin_clzll(us / LATENCY_STEPS);
	unsigned at = shift * LATENCY_STEPS + (unsigned)(us >> shift);
	return at < LATENCY_BUCKETS ? at : LATENCY_BUCKETS - 1;
}

/* times things took us microseconds each. */
static inline void latency_add(struct latency *l, uint64_t us, uint64_t times)
{
	l->buckets[latency_bucket(us)] += times;
	l->count += times;
	l->sum += us * times;
	if (us > l->max)
		l->max = us;
}

void latency_merge(struct latency *l, const struct latency *other);

/* What has been added to l since it was before: before is taken off.  The
 * maximum stays that of all. */
void latency_since(struct latency *l, const struct latency *before);

/* How many took less than us microseconds, which is a power of two. */
uint64_t latency_below(const struct latency *l, uint64_t us);

/* The seconds within which that part of them was, 0 < part <= 1; 0 if empty. */
double latency_quantile(const struct latency *l, double part);

#endif
