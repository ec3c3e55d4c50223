/* SPDX-License-Identifier: MIT */
/*
 * stream_due.c - how long a stream may take for what is expected of it, and what becomes of it
 * when that has passed.
 */
#include "net/stream_io.h"

#include "sys/counts.h"
#include "sys/sock.h"

/* ---- when it is due ---- */

/* What the kernel still holds is sent and not read.  It holds what TLS made of our bytes,
 * with its handshake: so that is what counts as sent, also of a record that went in half. */
static uint64_t was_read(const struct stream *s)
{
	uint64_t sent = s->tls ? tls_written(s->tls) : s->sent;
	uint64_t held = sock_unacknowledged(s->io.fd);

	return sent > held ? sent - held : 0;
}

/* Also once it is closed: the end that TLS says may have to wait for room. */
static bool is_unsent(const struct stream *s)
{
	return stream_queued(s) > 0 || s->state == STREAM_FLUSHING;
}

static bool is_paced(const struct stream *s)
{
	const struct stream_kind *k = s->kind;

	return k->unread.span > 0. && (!k->patient || s->state != STREAM_OPEN);
}

static struct deadline_queue *due_in(struct stream *s)
{
	if (stream_is_shaking(s))
		return &s->kind->shakes;
	if (!is_unsent(s))
		return s->expects;
	return is_paced(s) ? &s->kind->unread : &s->kind->idle;
}

void stream_update_deadline(struct stream *s)
{
	if (s->state == STREAM_LINGERING)
		return;
	struct deadline_queue *q = due_in(s);
	if (!is_unsent(s) && s->pace.waited > 0.)
		s->pace = (struct pace){0};
	if (s->deadline.queue == q && !stream_has_new_time(s, q))
		return;
	if (q == &s->kind->unread && s->pace.waited == 0.)
		s->pace.had = was_read(s);
	stream_give_time(s, q);
}

/* ---- when it is late ---- */

/* A callback may have blocked the loop past the deadline while what was
 * expected lay in the socket: it is looked for before anybody is blamed. */
static bool has_come(struct stream *s, const struct deadline_queue *q)
{
	bool shaking = q == &s->kind->shakes;

	if (stream_queued(s) > 0 && !shaking)
		return false;    /* it is the peer's reading that we wait for */
	s->received = s->renewed = false;
	stream_read_once(s);
	if (shaking)
		return !stream_is_shaking(s);
	return s->expects != q || s->renewed || (s->received && q == &s->kind->idle);
}

static void cut_short(struct stream *s)
{
	s->kind->counts->errors[ERROR_TIMEOUT] += stream_queued(s) > 0;
	stream_abort(s);
}

static void tell_late(struct stream *s, const struct deadline_queue *q)
{
	if (q == &s->kind->shakes) {
		s->kind->counts->errors[ERROR_TIMEOUT]++;
		stream_abort(s);         /* without a transport there is nothing to be said */
		return;
	}
	s->held = true;
	s->kind->ops->late(s);
	s->held = false;
}

/* Its output was queued in this turn, by another's callback maybe, and the socket has not been
 * asked to take it: nobody waits for the peer yet. */
static bool is_unoffered(const struct stream *s)
{
	return stream_queued(s) > 0 && !s->blocked && !stream_is_shaking(s);
}

void stream_expired(struct deadline_queue *q, struct deadline *d)
{
	struct stream *s = stream_of(d);
	bool late = q == &s->kind->unread ? pace_is_slow(&s->kind->reading, &s->pace, was_read(s))
					  : !is_unoffered(s);

	if (late && s->state != STREAM_OPEN)
		cut_short(s);
	else if (late && !stream_has_new_time(s, q) && !has_come(s, q) && s->state == STREAM_OPEN)
		tell_late(s, q);
	stream_settle_listed(s);
}
