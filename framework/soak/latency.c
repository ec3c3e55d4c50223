/* SPDX-License-Identifier: MIT */
/*
 * latency.c - how long things took, in bounded memory.
 *
 * Microseconds below 2 * LATENCY_STEPS have a bucket each; above, every power
 * of two is cut into LATENCY_STEPS.
 */
#include "soak/latency.h"

static unsigned bucket_of(uint64_t us)
{
	unsigned shift = 0;

	while (us >> shift >= 2 * LATENCY_STEPS)
		shift++;
	unsigned at = shift * LATENCY_STEPS + (unsigned)(us >> shift);
	return at < LATENCY_BUCKETS ? at : LATENCY_BUCKETS - 1;
}

/* The first value that lies above the bucket. */
static uint64_t end_of(unsigned bucket)
{
	if (bucket < 2 * LATENCY_STEPS)
		return bucket + 1;
	unsigned shift = bucket / LATENCY_STEPS - 1;
	return (uint64_t)(bucket - shift * LATENCY_STEPS + 1) << shift;
}

void soak_latency_add(struct soak_latency *l, double seconds)
{
	if (seconds < 0.)
		seconds = 0.;
	l->buckets[bucket_of((uint64_t)(seconds * 1e6))]++;
	l->count++;
	if (seconds > l->max)
		l->max = seconds;
}

void soak_latency_merge(struct soak_latency *l, const struct soak_latency *other)
{
	for (unsigned i = 0; i < LATENCY_BUCKETS; i++)
		l->buckets[i] += other->buckets[i];
	l->count += other->count;
	if (other->max > l->max)
		l->max = other->max;
}

double soak_latency_quantile(const struct soak_latency *l, double part)
{
	double want = part * (double)l->count;
	uint64_t seen = 0;

	for (unsigned i = 0; i < LATENCY_BUCKETS; i++) {
		seen += l->buckets[i];
		if (l->buckets[i] == 0 || (double)seen < want)
			continue;
		double end = (double)end_of(i) / 1e6;
		return end < l->max ? end : l->max;
	}
	return l->max;
}
