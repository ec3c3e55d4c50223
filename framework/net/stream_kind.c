/* SPDX-License-Identifier: MIT */
/*
 * stream_kind.c - what is one for all streams of a service.
 */
#include "net/stream.h"

#include <unistd.h>

#include "sys/counts.h"
#include "sys/shortest.h"

void stream_kind_init(struct stream_kind *k, struct hub *hub, const struct stream_ops *ops,
	double idle, double linger)
{
	static struct counts nowhere;

	k->ops = ops;
	k->hub = hub;
	k->counts = &nowhere;
	deadline_queue_init(&k->idle, hub->loop, idle, stream_expired);
	deadline_queue_init(&k->linger, hub->loop, linger, stream_expired);
	deadline_queue_init(&k->unread, hub->loop, 0., stream_expired);
	deadline_queue_init(&k->shakes, hub->loop, 0., stream_expired);
}

void stream_kind_pace(struct stream_kind *k, double rate, double grace)
{
	k->reading = (struct pace_rule){ .rate = rate, .grace = grace, .idle = k->idle.span };
	k->reading.tick = pace_tick(&k->reading);
	k->unread.span = rate > 0. ? k->reading.tick : 0.;
}

void stream_kind_secure(struct stream_kind *k, struct tls_context *c, double handshake)
{
	k->tls = c;
	k->shakes.span = handshake;
}

void stream_kind_fini(struct stream_kind *k)
{
	deadline_queue_fini(&k->idle);
	deadline_queue_fini(&k->linger);
	deadline_queue_fini(&k->unread);
	deadline_queue_fini(&k->shakes);
}

void stream_abort_all(struct deadline_queue *q)
{
	for (struct deadline *d = q->list.next; d != &q->list; d = d->next)
		stream_abort(stream_of(d));
}

void stream_kind_abort(struct stream_kind *k)
{
	stream_abort_all(&k->idle);
	stream_abort_all(&k->shakes);
	stream_abort_all(&k->linger);
	stream_abort_all(&k->unread);
}

void stream_decline(struct stream_kind *k, int fd)
{
	close(fd);
	k->counts->closed++;
	if (k->seat)
		shortest_done(k->seat);
}
