/* SPDX-License-Identifier: MIT */
/*
 * robust.h - a lock in memory that processes share, which outlives who holds it.
 */
#ifndef PORTICO_SYS_ROBUST_H
#define PORTICO_SYS_ROBUST_H

#include <pthread.h>
#include <stdint.h>

struct robust {
	pthread_mutex_t mutex;
	uint32_t        turns;           /* how often somebody got it */
};

/* In zeroed memory.  -1 and errno. */
int robust_init(struct robust *lock);

/* 0: it is ours; 1: likewise, and who had it died with it; -1 with EBUSY: one had it for a whole
 * second, and so is stopped.  Many who want it all the time only make each other wait. */
int robust_lock(struct robust *lock);

void robust_unlock(struct robust *lock);

#endif
