/* SPDX-License-Identifier: MIT */
/*
 * clock.c - the clock that a test moves.
 *
 * These take the place of the C library's functions for the whole process, shared objects
 * like libev's included, since the program comes first where names are looked up.  While
 * no service exists they ask the kernel.
 */
#include "kit/kit.h"

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000ULL
#define WALL   1767225600ULL             /* 2026-01-01T00:00:00Z */
#define BOOT   (100 * 3600ULL)           /* how long the machine has run by then */

static bool     stopped;
static uint64_t passed;                  /* nanoseconds since WALL */

void kit_clock_stop(void)
{
	stopped = true;
	passed = 0;
}

void kit_clock_move(uint64_t nanoseconds)
{
	passed += nanoseconds;
}

uint64_t kit_clock_now(void)
{
	return passed;
}

void kit_clock_go(void)
{
	stopped = false;
}

static struct timespec since(uint64_t seconds)
{
	return (struct timespec){
		.tv_sec = (time_t)(seconds + passed / SECOND),
		.tv_nsec = (long)(passed % SECOND),
	};
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	if (stopped && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_TAI)) {
		*out = since(WALL);
		return 0;
	}
	if (stopped && (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE
		|| id == CLOCK_MONOTONIC_RAW || id == CLOCK_BOOTTIME)) {
		*out = since(BOOT);
		return 0;
	}
	return (int)syscall(SYS_clock_gettime, id, out);
}

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
	struct timespec now;

	(void)zone;              /* obsolete, and nothing is said by it */
	clock_gettime(CLOCK_REALTIME, &now);
	out->tv_sec = now.tv_sec;
	out->tv_usec = now.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *out)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (out)
		*out = now.tv_sec;
	return now.tv_sec;
}
