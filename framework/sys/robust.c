/* SPDX-License-Identifier: MIT */
/*
 * robust.c - a lock in memory that processes share, which outlives who holds it.
 */
#include "sys/robust.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"

#define LOCK_TIME (100 * 1000 * 1000L)   /* ns */

int robust_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t how;

	pthread_mutexattr_init(&how);
	pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
	errno = pthread_mutex_init(lock, &how);
	pthread_mutexattr_destroy(&how);
	return errno ? -1 : 0;
}

static int wait_for(pthread_mutex_t *lock)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOCK_TIME;
	until.tv_sec += until.tv_nsec / (long)CLOCK_SECOND;
	until.tv_nsec %= (long)CLOCK_SECOND;
	return pthread_mutex_clocklock(lock, CLOCK_MONOTONIC, &until);
}

int robust_lock(pthread_mutex_t *lock)
{
	int error = pthread_mutex_trylock(lock);

	if (error == EBUSY)
		error = wait_for(lock);
	if (error == 0)
		return 0;
	if (error == EOWNERDEAD && pthread_mutex_consistent(lock) == 0)
		return 1;
	errno = EBUSY;
	return -1;
}
