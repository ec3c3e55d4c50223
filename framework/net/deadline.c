/* SPDX-License-Identifier: MIT */
/*
 * deadline.c - many deadlines of one length with one timer.
 */
#include "net/deadline.h"

#include <assert.h>
#include <time.h>

/* The coarse clock is a few milliseconds behind and costs next to nothing. */
static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The coarse clock's step: less would be asked for again and again. */
#define SHORTEST 0.005

static void arm(struct deadline_queue *q)
{
	double after = q->list.next->due - now();

	ev_timer_set(&q->timer, after > SHORTEST ? after : SHORTEST, 0.);
	ev_timer_start(q->loop, &q->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct deadline_queue *q = w->data;
	struct deadline *d;

	(void)loop;
	(void)events;
	while ((d = deadline_first(q)) && d->due <= now()) {
		deadline_clear(d);
		q->expired(q, d);
	}
	if (!deadline_queue_empty(q) && !ev_is_active(&q->timer))
		arm(q);
}

void deadline_queue_init(struct deadline_queue *q, struct ev_loop *loop, double span,
	void (*expired)(struct deadline_queue *q, struct deadline *d))
{
	q->list.next = q->list.prev = &q->list;
	q->list.queue = q;
	q->loop = loop;
	q->span = span;
	q->expired = expired;
	ev_timer_init(&q->timer, on_timer, 0., 0.);
	q->timer.data = q;
}

void deadline_queue_fini(struct deadline_queue *q)
{
	assert(deadline_queue_empty(q));
	ev_timer_stop(q->loop, &q->timer);
}

static void move(struct deadline *d, struct deadline_queue *q, double due)
{
	deadline_clear(d);
	d->due = due;
	d->queue = q;
	d->prev = q->list.prev;
	d->next = &q->list;
	d->prev->next = d;
	q->list.prev = d;
	if (q->span > 0. && !ev_is_active(&q->timer))
		arm(q);
}

/* Who is set again all the time moves seldom: its neighbours' memory is not looked at. */
void deadline_set(struct deadline *d, struct deadline_queue *q)
{
	double time = now();

	if (!deadline_stands(d, q, time))
		move(d, q, time + q->span + q->span * DEADLINE_SLACK);
}

void deadline_clear(struct deadline *d)
{
	if (!d->queue)
		return;
	d->prev->next = d->next;
	d->next->prev = d->prev;
	d->queue = NULL;
}
