/* SPDX-License-Identifier: MIT */
/*
 * stream_part.c - a stream whose connection goes on without it.
 */
#include <assert.h>

#include "net/stream_io.h"
#include "sys/counts.h"

bool stream_is_at_rest(const struct stream *s)
{
	return stream_is_open(s) && !s->tls && !s->eof && !s->ending && !s->paused && !s->held && !s->retry
		&& s->drain_told && buf_len(&s->in) == 0 && stream_queued(s) == 0;
}

/* It is somebody else's: what closed() still asks of it must find it closed. */
static void leave(struct stream *s)
{
	s->state = STREAM_CLOSED;
	stream_finish(s, &s->kind->counts->given);
}

int stream_hand_on(struct stream *s, int (*give)(void *arg, int fd), void *arg)
{
	assert(stream_is_at_rest(s));
	if (give(arg, s->io.fd) < 0)
		return -1;
	s->given = true;
	stream_close_connection(s);
	leave(s);
	return 0;
}

bool stream_part(struct stream *s, int *fd, struct tls **tls)
{
	if (!stream_is_open(s) || s->eof || s->ending || s->held || buf_len(&s->in) > 0
		|| stream_queued(s) > 0 || s->blocked || stream_is_shaking(s) || stream_has_more(s))
		return false;
	ev_io_stop(s->kind->hub->loop, &s->io);
	*fd = s->io.fd;
	*tls = s->tls;
	s->tls = NULL;
	leave(s);
	return true;
}
