/* SPDX-License-Identifier: MIT */
/*
 * outgoing_worker.c - the connections of a worker to other servers, all of them: whose turn it is,
 * and how they end with the worker.
 */
#include "proto/outgoing.h"

#include <errno.h>

/* ---- who is due ---- */

void outgoing_become_due(struct outgoing_conn *o)
{
	struct outgoing *all = o->all;

	if (o->is_due)
		return;
	o->is_due = true;
	o->next_due = NULL;
	if (all->due)
		all->last_due->next_due = o;
	else
		all->due = o;
	all->last_due = o;
	ev_prepare_start(all->hub->loop, &all->turn);
	ev_idle_start(all->hub->loop, &all->awake);
}

/* What is due meanwhile is for the next turn. */
static void serve_due(struct outgoing *all)
{
	struct outgoing_conn *last = all->last_due;

	for (bool done = !all->due; !done;) {
		struct outgoing_conn *o = all->due;
		done = o == last;
		all->due = o->next_due;
		outgoing_serve(o);
	}
}

static void on_turn(struct ev_loop *loop, ev_prepare *w, int events)
{
	struct outgoing *all = w->data;

	(void)events;
	serve_due(all);
	if (all->due)
		return;
	ev_prepare_stop(loop, &all->turn);       /* a worker that connects to nobody does not pay for it */
	ev_idle_stop(loop, &all->awake);
}

static void on_awake(struct ev_loop *loop, ev_idle *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
}

/* ---- the worker ---- */

void outgoing_init(struct outgoing *all, struct hub *hub)
{
	*all = (struct outgoing){ .hub = hub, .names.loop = hub->loop };
	ev_idle_init(&all->awake, on_awake);
	ev_prepare_init(&all->turn, on_turn);
	ev_set_priority(&all->turn, 1);          /* before the hub settles what this touches */
	all->turn.data = all;
}

bool outgoing_is_done(const struct outgoing *all)
{
	return all->count == 0;
}

void outgoing_drain(struct outgoing *all)
{
	all->draining = true;
	for (struct portico_upstream *up = all->upstreams; up; up = up->next_of_all)
		outgoing_pool_empty(up);
}

void outgoing_give_up(struct outgoing *all)
{
	outgoing_drain(all);
	all->over = true;
	for (struct outgoing_conn *o = all->first; o; o = o->next) {
		if (o->gone || (o->closing && o->state != OUTGOING_OPEN))
			continue;
		o->error = ECANCELED;
		outgoing_abort(o);
	}
}

void outgoing_fini(struct outgoing *all)
{
	if (!all->hub)
		return;
	outgoing_give_up(all);
	while (all->due)
		serve_due(all);
	names_fini(&all->names);
	ev_prepare_stop(all->hub->loop, &all->turn);
	ev_idle_stop(all->hub->loop, &all->awake);
	all->hub = NULL;
}
