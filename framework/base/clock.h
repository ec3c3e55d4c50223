/* SPDX-License-Identifier: MIT */
/*
 * clock.h - nanoseconds of CLOCK_MONOTONIC: the same in all processes of the
 * machine, and over an exec.
 */
#ifndef PORTICO_BASE_CLOCK_H
#define PORTICO_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define CLOCK_SECOND 1000000000ULL

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * CLOCK_SECOND + (uint64_t)t.tv_nsec;
}

/* The same in seconds; it goes on over an exec. */
static inline double clock_seconds(void)
{
	return (double)clock_ns() / CLOCK_SECOND;
}

#endif
