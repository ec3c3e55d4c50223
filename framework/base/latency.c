/* SPDX-License-Identifier: MIT */
/*
 * latency.c - how long things took, in bounded memory.
 */
#include "base/latency.h"

/* The first value that lies above the bucket. */
static uint64_t end_of(unsigned bucket)
{
	if (bucket < 2 * LATENCY_STEPS)
		return bucket + 1;
	unsigned shift = bucket / LATENCY_STEPS - 1;
	return (uint64_t)(bucket - shift * LATENCY_STEPS + 1) << shift;
}

void latency_merge(struct latency *l, const struct latency *other)
{
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
		l->buckets[i] += other->buckets[i];
	l->count += other->count;
	l->sum += other->sum;
	if (other->max > l->max)
		l->max = other->max;
}

void latency_since(struct latency *l, const struct latency *before)
{
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
		l->buckets[i] -= before->buckets[i];
	l->count -= before->count;
	l->sum -= before->sum;
}

uint64_t latency_below(const struct latency *l, uint64_t us)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < LATENCY_BUCKETS && end_of(i) <= us; i++)
		sum += l->buckets[i];
	return sum;
}

double latency_quantile(const struct latency *l, double part)
{
	double want = part * (double)l->count;
	uint64_t seen = 0;

	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		seen += l->buckets[i];
		if (l->buckets[i] == 0 || (double)seen < want)
			continue;
		uint64_t end = end_of(i);
		return (double)(end < l->max ? end : l->max) / 1e6;
	}
	return (double)l->max / 1e6;
}
