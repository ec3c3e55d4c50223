/* SPDX-License-Identifier: MIT */
/*
 * hub.c - what all streams of one loop share.
 */
#include "net/hub.h"

#include <stdbool.h>
#include <stdlib.h>

#include "net/beat.h"
#include "net/dgram.h"
#include "net/stream.h"

static void on_idle(struct ev_loop *loop, ev_idle *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
}

/* What its callbacks touch waits for the next turn, so that two streams that
 * wake each other cannot keep the loop from its other work. */
static void settle_touched(struct hub *h)
{
	struct stream *last = h->touched.last;

	for (bool done = !last; !done;) {
		done = h->touched.first == last;
		stream_settle_listed(h->touched.first);
	}
}

/* Nobody comes to wait meanwhile: who had its turn is touched, for the next one. */
static void serve_waiting(struct hub *h)
{
	while (h->waiting.first && h->spent < HUB_TURN)
		stream_settle_listed(h->waiting.first);
}

static void on_prepare(struct ev_loop *loop, ev_prepare *w, int events)
{
	struct hub *h = w->data;

	(void)events;
	h->spent = 0;
	settle_touched(h);
	serve_waiting(h);
	if (h->touched.first || h->waiting.first)
		ev_idle_start(loop, &h->awake);
	else if (ev_is_active(&h->awake))
		ev_idle_stop(loop, &h->awake);
	if (h->beat)
		beat_end(h->beat);
}

int hub_init(struct hub *h, struct ev_loop *loop)
{
	*h = (struct hub){ .loop = loop };
	h->steps = &h->own_steps;
	h->block = malloc(HUB_READ_BLOCK);
	if (!h->block)
		return -1;
	ev_idle_init(&h->awake, on_idle);
	ev_prepare_init(&h->settle, on_prepare);
	ev_set_priority(&h->settle, HUB_LAST);
	h->settle.data = h;
	ev_prepare_start(loop, &h->settle);
	ev_unref(loop);          /* alone it is no reason to go on */
	return 0;
}

void hub_fini(struct hub *h)
{
	if (!h->block)
		return;
	ev_ref(h->loop);
	ev_prepare_stop(h->loop, &h->settle);
	ev_idle_stop(h->loop, &h->awake);
	while (h->spare_count > 0)
		free(h->spares[--h->spare_count]);
	dgram_batch_destroy(h->datagrams);
	free(h->block);
	h->block = NULL;
}
