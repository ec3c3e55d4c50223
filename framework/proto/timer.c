/* SPDX-License-Identifier: MIT */
/*
 * timer.c - a plugin's timers.
 *
 * A timer belongs to the plugin until it stops it; what it forgot is ended
 * after its stop().  Each is in a list of its handler for that.
 */
#include "proto/timer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "proto/handler.h"

struct portico_timer {
	ev_timer                watcher;
	struct portico_service *handler;
	struct portico_timer   *next;
	struct portico_timer  **back;    /* what points to this one */
	void                  (*fire)(void *arg);
	void                   *arg;
};

static void on_timer(struct ev_loop *loop, ev_timer *w, int events)
{
	struct portico_timer *t = w->data;
	struct portico_service *h = t->handler;

	(void)loop;
	(void)events;
	handler_enter(h, PULSE_TIMER);
	t->fire(t->arg);         /* may stop t */
	handler_leave(h);
}

static void enlist(struct portico_timer *t)
{
	t->back = &t->handler->timers;
	t->next = *t->back;
	if (t->next)
		t->next->back = &t->next;
	*t->back = t;
}

struct portico_timer *portico_timer_start(struct portico_service *h, double after,
	double repeat, void (*fire)(void *arg), void *arg)
{
	if (!fire || !isfinite(after) || after < 0. || !isfinite(repeat) || repeat < 0.) {
		errno = EINVAL;
		return NULL;
	}
	struct portico_timer *t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->handler = h;
	t->fire = fire;
	t->arg = arg;
	ev_timer_init(&t->watcher, on_timer, after, repeat);
	t->watcher.data = t;
	ev_now_update(h->loop);          /* since the loop woke it may be long */
	ev_timer_start(h->loop, &t->watcher);
	enlist(t);
	return t;
}

void portico_timer_stop(struct portico_timer *t)
{
	if (!t)
		return;
	ev_timer_stop(t->handler->loop, &t->watcher);
	*t->back = t->next;
	if (t->next)
		t->next->back = t->back;
	free(t);
}

void timer_stop_all(struct portico_service *h)
{
	while (h->timers)
		portico_timer_stop(h->timers);
}
