/* SPDX-License-Identifier: MIT */
/*
 * offload.h - work of handlers that may block, and its end on the loop (portico_offload() in
 * portico.h).  The worker owns one for all its handlers.
 */
#ifndef PORTICO_PROTO_OFFLOAD_H
#define PORTICO_PROTO_OFFLOAD_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

struct page;
struct pool;

struct offload {                 /* all zero: nothing may be offloaded */
	struct ev_loop *loop;
	struct page    *page;
	unsigned        threads, queue;
	struct pool    *pool;        /* NULL: nothing was offloaded yet */
	size_t          due;         /* done() of so many is still to come */
	bool            over;        /* nobody waits for what is in work */
	ev_io           bell;
};

void offload_init(struct offload *o, struct ev_loop *loop, struct page *page, unsigned threads,
	unsigned queue);

/* Nothing is to be waited for any more. */
bool offload_is_done(const struct offload *o);

/* The time is up: what has not begun is cancelled, its done() follows from the loop; what is in
 * work is not waited for; nothing more is taken. */
void offload_give_up(struct offload *o);

/* Cancels, and calls done() of all but what is still in work.  False: there is such, and what it may
 * use, which is all that handlers have, must stay.  Twice is fine. */
bool offload_fini(struct offload *o);

/* Of which handler the calling thread does the work: its label; NULL: it is none of these
 * threads.  Safe in a signal handler. */
const char *offload_here(void);

#endif
