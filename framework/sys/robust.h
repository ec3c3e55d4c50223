/* SPDX-License-Identifier: MIT */
/*
 * robust.h - a lock in memory that processes share, which outlives who holds it.
 */
#ifndef PORTICO_SYS_ROBUST_H
#define PORTICO_SYS_ROBUST_H

#include <pthread.h>

/* In zeroed memory.  -1 and errno. */
int robust_init(pthread_mutex_t *lock);

/* 0: it is ours; 1: likewise, and who had it died with it; -1 with EBUSY: it was held for 100 ms, by
 * a process that was stopped. */
int robust_lock(pthread_mutex_t *lock);

#endif
