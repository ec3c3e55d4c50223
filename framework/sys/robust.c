/* SPDX-License-Identifier: MIT */
/*
 * robust.c - a lock in memory that processes share, which outlives who holds it.
 */
#include "sys/robust.h"

#include <errno.h>
#include <time.h>

/* So long nobody who runs has it, however busy the machine is. */
enum { LOCK_SECONDS = 1, MOST_ROUNDS = 10 };

int robust_init(struct robust *lock)
{
	pthread_mutexattr_t how;

	pthread_mutexattr_init(&how);
	pthread_mutexattr_setpshared(&how, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&how, PTHREAD_MUTEX_ROBUST);
	errno = pthread_mutex_init(&lock->mutex, &how);
	pthread_mutexattr_destroy(&how);
	return errno ? -1 : 0;
}

static int wait_for(struct robust *lock)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LOCK_SECONDS;
	return pthread_mutex_clocklock(&lock->mutex, CLOCK_MONOTONIC, &until);
}

static uint32_t turns_of(const struct robust *lock)
{
	return __atomic_load_n(&lock->turns, __ATOMIC_RELAXED);
}

/* The lock knows no queue: while others get it again and again, nobody who has it is stopped. */
static int wait_while_it_goes_round(struct robust *lock)
{
	unsigned rounds = 0;
	uint32_t turns;
	int error;

	do {
		turns = turns_of(lock);
		error = wait_for(lock);
	} while (error == ETIMEDOUT && turns_of(lock) != turns && ++rounds < MOST_ROUNDS);
	return error;
}

int robust_lock(struct robust *lock)
{
	int error = pthread_mutex_trylock(&lock->mutex);

	if (error == EBUSY)
		error = wait_while_it_goes_round(lock);
	if (error != 0 && (error != EOWNERDEAD || pthread_mutex_consistent(&lock->mutex) != 0)) {
		errno = EBUSY;
		return -1;
	}
	__atomic_store_n(&lock->turns, turns_of(lock) + 1, __ATOMIC_RELAXED);
	return error == EOWNERDEAD;
}

void robust_unlock(struct robust *lock)
{
	pthread_mutex_unlock(&lock->mutex);
}
