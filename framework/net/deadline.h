/* SPDX-License-Identifier: MIT */
/*
 * deadline.h - many deadlines of one length with one timer.
 *
 * All deadlines of a queue are the same span away from when they were set,
 * so the queue is in order by itself: setting one is to move it to the end.
 * They are due a little later than that, never earlier: one that is set again so
 * soon that it is late enough already stays where it is.
 * One ev_timer watches the first and is re-armed only when it fires.
 *
 * Time is the monotonic clock's: ev_now() would jump with the wall clock, and
 * the queue would be in order no more.
 */
#ifndef PORTICO_NET_DEADLINE_H
#define PORTICO_NET_DEADLINE_H

#include <ev.h>
#include <stdbool.h>

struct deadline_queue;

/* By how much later, in parts of the span: 59 ms of a minute. */
#define DEADLINE_SLACK (1. / 1024.)

struct deadline {                /* embedded in what has the deadline; zero: in no queue */
	struct deadline       *next;
	struct deadline       *prev;
	struct deadline_queue *queue;
	double                 due;      /* by the monotonic clock */
};

struct deadline_queue {
	struct deadline  list;   /* a ring: list.next is due first */
	struct ev_loop  *loop;
	double           span;   /* seconds; 0: never due, only a list */
	ev_timer         timer;
	/* d is in no queue any more; it was in q. */
	void           (*expired)(struct deadline_queue *q, struct deadline *d);
};

void deadline_queue_init(struct deadline_queue *q, struct ev_loop *loop, double span,
	void (*expired)(struct deadline_queue *q, struct deadline *d));
void deadline_queue_fini(struct deadline_queue *q);   /* the queue is empty by now */

/* From now on d is due in span seconds, or up to DEADLINE_SLACK of them later; whatever queue it
 * was in, it is in q. */
void deadline_set(struct deadline *d, struct deadline_queue *q);
void deadline_clear(struct deadline *d);              /* in no queue: fine */

/* Whether it may stay where it is if it is to be due in span seconds from that time, by the monotonic clock. */
static inline bool deadline_stands(const struct deadline *d, const struct deadline_queue *q, double now)
{
	double due = now + q->span;

	return d->queue == q && d->due >= due && d->due <= due + q->span * DEADLINE_SLACK;
}

static inline bool deadline_queue_empty(const struct deadline_queue *q)
{
	return q->list.next == &q->list;
}

/* The one that is due first; NULL if the queue is empty. */
static inline struct deadline *deadline_first(const struct deadline_queue *q)
{
	return deadline_queue_empty(q) ? NULL : q->list.next;
}

#endif
