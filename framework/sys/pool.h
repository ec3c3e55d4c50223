/* SPDX-License-Identifier: MIT */
/*
 * pool.h - threads for work that may block, and a bounded queue in front of them.
 *
 *	pool_give() -> waiting -> a thread: work() -> finished -> pool_take()
 *
 * Its owner is one thread, which alone calls what is here, pool_here() apart.  Threads are
 * started when there is work for them, and stay.  Work that never returns keeps its thread:
 * nobody can end it, so then the pool stays as long as the process.
 */
#ifndef PORTICO_SYS_POOL_H
#define PORTICO_SYS_POOL_H

#include <stdbool.h>
#include <stddef.h>

struct page_offload;
struct pool;

struct pool_task {               /* embed it; the pool's from pool_give() to pool_take() */
	struct pool_task *next;
	void            (*work)(struct pool_task *task);  /* in a thread, where most signals are blocked */
	bool              dropped;       /* work() was never called */
};

/* At most so many threads, and so many tasks that wait for one.  told: what is in work, for
 * others to read, borrowed.  NULL and errno. */
struct pool *pool_create(unsigned threads, unsigned waiting, struct page_offload *told);

/* -1 and EAGAIN (so many wait), ECANCELED (after pool_drop()) or, if there is no thread yet, why none
 * can be started. */
int pool_give(struct pool *p, struct pool_task *task);

/* A descriptor that is readable when tasks have finished; borrowed. */
int pool_bell(const struct pool *p);

/* All that have finished, by next, in the order in which they did; NULL: none. */
struct pool_task *pool_take(struct pool *p);

/* What waits is dropped: it has finished, in the order in which it came; nothing more is taken in. */
void   pool_drop(struct pool *p);
size_t pool_busy(struct pool *p);        /* tasks in work() now */

/* Drops, and ends the threads.  False: some are in work(), and the pool, with all that work() may
 * use, must stay; else pool_take() has the last ones, and pool_destroy() may follow. */
bool pool_end(struct pool *p);
void pool_destroy(struct pool *p);       /* after pool_end() */

/* The task that the calling thread is in work() of, or NULL.  Safe in a signal handler. */
const struct pool_task *pool_here(void);

#endif
