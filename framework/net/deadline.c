/* SPDX-License-Identifier: MIT */
/*
 * deadline.c - many deadlines of one length with one timer.
 */
#include "net/deadline.h"

#include <assert.h>

static void arm(struct deadline_queue *q)
{
	double after = q->list.next->due - ev_now(q->loop);

	ev_timer_set(&q->timer, after > 0. ? after : 0., 0.);
	ev_timer_start(q->loop, &q->timer);
}

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct deadline_queue *q = w->data;
	struct deadline *d;

	(void)events;
	while ((d = deadline_first(q)) && d->due <= ev_now(loop)) {
		deadline_clear(d);
		q->expired(d);
	}
	if (!deadline_queue_empty(q) && !ev_is_active(&q->timer))
		arm(q);
}

void deadline_queue_init(struct deadline_queue *q, struct ev_loop *loop, double span,
	void (*expired)(struct deadline *))
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

void deadline_set(struct deadline *d, struct deadline_queue *q)
{
	deadline_clear(d);
	d->due = ev_now(q->loop) + q->span;
	d->queue = q;
	d->prev = q->list.prev;
	d->next = &q->list;
	d->prev->next = d;
	q->list.prev = d;
	if (q->span > 0. && !ev_is_active(&q->timer))
		arm(q);
}

void deadline_clear(struct deadline *d)
{
	if (!d->queue)
		return;
	d->prev->next = d->next;
	d->next->prev = d->prev;
	d->queue = NULL;
}
