/* SPDX-License-Identifier: MIT */
/*
 * stream_ask.c - what a protocol asks of a stream.
 *
 * Nothing is done here: each is a flag until the stream settles (stream.c).
 */
#include <assert.h>

#include "net/stream_io.h"
#include "sys/sock.h"

void stream_become(struct stream *s, struct stream_kind *kind)
{
	assert(kind->hub == s->kind->hub && kind->seat == s->kind->seat);
	s->kind = kind;
	s->expects = &kind->idle;
	stream_retry(s);
}

void stream_pause(struct stream *s)
{
	s->paused = true;
	stream_touch(s);
}

void stream_resume(struct stream *s)
{
	if (!s->paused)
		return;
	s->paused = false;
	/* In data() itself what it leaves is not kept yet. */
	s->retry = s->retry || s->held || buf_len(&s->in) > 0;
	stream_touch(s);
}

void stream_retry(struct stream *s)
{
	s->retry = true;
	stream_touch(s);
}

void stream_tell_drained(struct stream *s)
{
	s->drain_told = false;
	stream_touch(s);
}

void stream_expect(struct stream *s, struct deadline_queue *q)
{
	s->expects = q ? q : &s->kind->idle;
	stream_touch(s);
}

void stream_renew(struct stream *s)
{
	s->renewed = s->anew = true;
	stream_touch(s);
}

void stream_end(struct stream *s)
{
	s->ending = true;
	stream_touch(s);
}

void stream_close(struct stream *s, bool hasty)
{
	if (s->state != STREAM_OPEN)
		return;
	s->state = STREAM_FLUSHING;
	s->hasty = hasty;
	stream_touch(s);
}

void stream_abort(struct stream *s)
{
	if (s->state == STREAM_CLOSED)
		return;
	s->cut |= s->state != STREAM_LINGERING;  /* when all was sent there is nothing left to cut */
	s->state = STREAM_CLOSED;
	sock_reset_on_close(s->io.fd);
	stream_leave_lists(s);           /* it need not wait */
	stream_touch(s);
}
