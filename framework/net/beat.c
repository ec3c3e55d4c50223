/* SPDX-License-Identifier: MIT */
/*
 * beat.c - the turns of a worker's loop: when each began, and what they cost.
 *
 * The first thing after the loop has waited, and the last before it waits:
 * all other watchers are in between.
 */
#include "net/beat.h"

#include <assert.h>

#include "base/clock.h"

static void tell(const struct beat *b, uint64_t turn)
{
	atomic_store_explicit(&b->page->turn, turn, memory_order_relaxed);
	for (unsigned i = 0; i < b->mirror_count; i++)
		atomic_store_explicit(b->mirrors[i], turn, memory_order_relaxed);
}

static void on_begin(struct ev_loop *loop, ev_check *w, int events)
{
	struct beat *b = w->data;

	(void)loop;
	(void)events;
	tick_anchor(&b->hub->tick);
	b->hub->woke = b->hub->tick.ns;
	tell(b, b->hub->woke);
}

static void on_end(struct ev_loop *loop, ev_prepare *w, int events)
{
	struct beat *b = w->data;

	(void)loop;
	(void)events;
	b->page->busy += tick_since(&b->hub->tick, b->hub->woke);
	b->page->turns++;
	tell(b, 0);
}

void beat_start(struct beat *b, struct hub *hub, struct page *page)
{
	struct ev_loop *loop = hub->loop;

	*b = (struct beat){ .hub = hub, .page = page };
	tick_init(&hub->tick);
	hub->woke = clock_ns();
	hub->steps = &page->steps;
	ev_check_init(&b->begin, on_begin);
	ev_prepare_init(&b->end, on_end);
	ev_set_priority(&b->begin, EV_MAXPRI);
	ev_set_priority(&b->end, EV_MINPRI);
	b->begin.data = b->end.data = b;
	ev_check_start(loop, &b->begin);
	ev_prepare_start(loop, &b->end);
	ev_unref(loop);          /* alone they are no reason to go on */
	ev_unref(loop);
}

void beat_stop(struct beat *b)
{
	struct ev_loop *loop = b->hub->loop;

	b->hub->steps = &b->hub->own_steps;
	ev_ref(loop);
	ev_ref(loop);
	ev_check_stop(loop, &b->begin);
	ev_prepare_stop(loop, &b->end);
}

void beat_mirror(struct beat *b, _Atomic uint64_t *turn)
{
	assert(b->mirror_count < BEAT_MIRRORS);
	b->mirrors[b->mirror_count++] = turn;
}

void beat_leave_mirrors(struct beat *b)
{
	b->mirror_count = 0;
}
