/* SPDX-License-Identifier: MIT */
/*
 * clock.c - the clock that a test moves.
 *
 * These take the place of the C library's functions for the whole process, shared objects
 * like libev's included, since the program comes first where names are looked up.  While
 * no service exists they ask the kernel.
 *
 * epoll_wait(2) is among them: how long libev would wait is when its next timer is due, and in
 * place of a wait so much time passes.  So no timer is missed, however many come
 * due, and an hour without one costs nothing.
 */
#include "kit/kit.h"

#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000ULL
#define WALL   1767225600ULL             /* 2026-01-01T00:00:00Z */
#define MILLI  1000000ULL

static bool     stopped;
static uint64_t passed;                  /* nanoseconds since it was stopped */
static _Thread_local uint64_t leap;      /* that may pass in a wait: in this thread's own, not in one of
                                          * the test program's, as Criterion has */
static struct timespec boot;             /* the monotonic clock when it was stopped */

void kit_clock_stop(void)
{
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &boot);
	stopped = true;
	passed = 0;
}

void kit_clock_leap(uint64_t nanoseconds)
{
	leap = nanoseconds;
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

static struct timespec since(uint64_t nanoseconds)
{
	return (struct timespec){
		.tv_sec = (time_t)((nanoseconds + passed) / SECOND),
		.tv_nsec = (long)((nanoseconds + passed) % SECOND),
	};
}

int clock_gettime(clockid_t id, struct timespec *out)
{
	if (stopped && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE || id == CLOCK_TAI)) {
		*out = since(WALL * SECOND);
		return 0;
	}
	if (stopped && (id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_COARSE
		|| id == CLOCK_MONOTONIC_RAW || id == CLOCK_BOOTTIME)) {
		*out = since((uint64_t)boot.tv_sec * SECOND + (uint64_t)boot.tv_nsec);
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

int epoll_wait(int fd, struct epoll_event *events, int most, int milliseconds)
{
	/* epoll_pwait: not every machine has the other. */
	int n = (int)syscall(SYS_epoll_pwait, fd, events, most, leap ? 0 : milliseconds, NULL, 8);

	if (n == 0 && leap > 0 && milliseconds != 0) {
		uint64_t wait = milliseconds < 0 ? leap : (uint64_t)milliseconds * MILLI;
		passed += wait < leap ? wait : leap;
	}
	return n;
}
