/* SPDX-License-Identifier: MIT */
/*
 * latency.h - how long things took, in bounded memory.
 *
 * Buckets whose width grows with the value: a quantile is at most 1/32 too
 * high, the maximum exact.  All zero is a valid empty one.
 */
#ifndef PORTICO_SOAK_LATENCY_H
#define PORTICO_SOAK_LATENCY_H

#include <stdint.h>

enum {
	LATENCY_STEPS = 32,              /* buckets per power of two */
	LATENCY_BUCKETS = 32 * LATENCY_STEPS,
};

struct soak_latency {
	uint32_t buckets[LATENCY_BUCKETS];
	uint64_t count;
	double   max;                    /* seconds */
};

void   soak_latency_add(struct soak_latency *l, double seconds);
void   soak_latency_merge(struct soak_latency *l, const struct soak_latency *other);
/* The time within which that part of them was, 0 < part <= 1; 0 if empty. */
double soak_latency_quantile(const struct soak_latency *l, double part);

#endif
