/* SPDX-License-Identifier: MIT */
/*
 * hub.h - what all streams of one loop share.
 *
 * One block to read into; a few blocks to write from, lent to streams while
 * they have output; the list of streams that were touched from outside their
 * own event and must be settled before the loop sleeps; and the line of those
 * that wait to send much, for which a turn of the loop has so much time.
 * Owned by the worker, one for its loop.
 */
#ifndef PORTICO_NET_HUB_H
#define PORTICO_NET_HUB_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/tick.h"

enum {
	HUB_READ_BLOCK = 64 * 1024,
	HUB_WRITE_BLOCK = 16 * 1024,
	HUB_SPARES = 16,
	HUB_TURN = 2000000,      /* ns of a turn for who sends much: nobody else waits longer for them */
};

/* Of the watcher that settles: nearly the last before the loop waits.  What looks at the outcome has EV_MINPRI;
 * of one priority libev calls the last started first. */
#define HUB_LAST (EV_MINPRI + 1)

struct beat;
struct stream;
struct dgram_batch;

struct stream_list {             /* first come, first served */
	struct stream *first, *last;
};

struct hub {
	struct ev_loop     *loop;
	uint64_t            woke;            /* clock_ns() when the loop last woke; 0 without a beat */
	struct tick         tick;            /* anchored then, or shortly before */
	uint64_t            looked;          /* clock_ns() when the clock was last read: hub_look() */
	uint64_t            looked_step;     /* and what *steps was then */
	struct beat        *beat;            /* is told the end of each turn; NULL: there is none */
	uint64_t           *steps;           /* grows with every event that is taken on */
	uint64_t            own_steps;       /* what steps is without a beat */
	char               *block;           /* HUB_READ_BLOCK bytes */
	char               *spares[HUB_SPARES];
	unsigned            spare_count;
	struct stream_list  touched;
	struct stream_list  waiting;         /* to send much */
	uint64_t            spent;           /* ns of this turn on such */
	ev_prepare          settle;
	ev_idle             awake;           /* active: a list is not empty, do not sleep */
	size_t              streams;         /* open now */
	struct dgram_batch *datagrams;       /* made by the first datagram socket */
};

int  hub_init(struct hub *h, struct ev_loop *loop);   /* -1 and ENOMEM */
void hub_fini(struct hub *h);                         /* after its last stream */

/* Gives b storage of HUB_WRITE_BLOCK bytes; b has none.  -1 and ENOMEM. */
static inline int hub_lend(struct hub *h, struct buf *b)
{
	char *block = h->spare_count > 0 ? h->spares[--h->spare_count] : malloc(HUB_WRITE_BLOCK);
	if (!block)
		return -1;
	*b = (struct buf){ .data = block, .size = HUB_WRITE_BLOCK };
	return 0;
}

/* Leaves b without storage. */
static inline void hub_take_back(struct hub *h, struct buf *b)
{
	if (b->size == HUB_WRITE_BLOCK && h->spare_count < HUB_SPARES)
		h->spares[h->spare_count++] = b->data;
	else
		free(b->data);
	*b = (struct buf){0};
}

/* What clock_ns() says now. */
static inline uint64_t hub_look(struct hub *h)
{
	h->looked_step = *h->steps;
	return h->looked = tick_ns(&h->tick);
}

/* Whether h->looked is as good as now: no callback was called since. */
static inline bool hub_has_looked(const struct hub *h)
{
	return h->looked_step == *h->steps;
}

/* How long it is now since then, in microseconds. */
static inline uint64_t hub_us_since(struct hub *h, uint64_t then)
{
	uint64_t now = hub_look(h);

	return now > then ? (now - then) / 1000 : 0;
}

/* How long this turn has taken so far, in microseconds. */
static inline uint64_t hub_turn_us(struct hub *h)
{
	return hub_us_since(h, h->woke);
}

/* Who sends much need not wait. */
static inline bool hub_has_time(const struct hub *h)
{
	return !h->waiting.first && h->spent < HUB_TURN;
}

#endif
