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
	b->hub->woke = tick_begin(&b->hub->tick);
	tell(b, b->hub->woke);
}

void beat_end(struct beat *b)
{
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
	hub->beat = b;
	ev_check_init(&b->begin, on_begin);
	ev_set_priority(&b->begin, EV_MAXPRI);
	b->begin.data = b;
	ev_check_start(loop, &b->begin);
	ev_unref(loop);          /* alone it is no reason to go on */
}

void beat_stop(struct beat *b)
{
	struct ev_loop *loop = b->hub->loop;

	b->hub->steps = &b->hub->own_steps;
	b->hub->beat = NULL;
	ev_ref(loop);
	ev_check_stop(loop, &b->begin);
}

void beat_mirror(struct beat *b, _Atomic uint64_t *turn)
{
	assert(b->mirror_count < BEAT_MIRRORS);
	b->mirrors[b->mirror_count++] = turn;
}

/* This turn has an end that they will not see: left there, it would pass for one that never ends, of who has
 * them now and waits. */
void beat_leave_mirrors(struct beat *b)
{
	for (unsigned i = 0; i < b->mirror_count; i++) {
		uint64_t mine = b->hub->woke;
		atomic_compare_exchange_strong(b->mirrors[i], &mine, 0);
	}
	b->mirror_count = 0;
}
