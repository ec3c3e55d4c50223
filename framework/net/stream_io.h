/* SPDX-License-Identifier: MIT */
/*
 * stream_io.h - a stream's socket: what stream.c and stream_io.c share.  Nobody
 * else includes this.
 */
#ifndef PORTICO_NET_STREAM_IO_H
#define PORTICO_NET_STREAM_IO_H

#include <stdbool.h>

#include "net/stream.h"
#include "net/tls.h"

void stream_list_touched(struct stream *s);      /* what stream_touch() may have to do */

/* Has it settled before the loop sleeps; in its own callback: right after it; while it waits:
 * when its turn comes. */
static inline void stream_touch(struct stream *s)
{
	if (!s->held && !s->touched && !s->waiting)
		stream_list_touched(s);
}

/* It is settled, and may send much, when those who waited before it have. */
void stream_wait(struct stream *s);
void stream_leave_lists(struct stream *s);       /* neither touched nor waiting any more */

/* Whether what is expected of it has all of its time again, in q, where it is. */
static inline bool stream_has_new_time(const struct stream *s, const struct deadline_queue *q)
{
	return s->anew || (s->moved && q == &s->kind->idle);
}

/* Into q, where it has all of its time from now on. */
static inline void stream_give_time(struct stream *s, struct deadline_queue *q)
{
	const struct hub *h = s->kind->hub;

	s->anew = s->moved = false;
	if (!hub_has_looked(h) || !deadline_stands(&s->deadline, q, (double)h->looked * 1e-9))
		deadline_set(&s->deadline, q);
}

/* Puts it into the queue of what is expected of it now. */
void stream_update_deadline(struct stream *s);

/* One attempt to send what is queued, which is something. */
void stream_flush(struct stream *s);
/* The same with what goes before the first file, if anything does. */
void stream_flush_memory(struct stream *s);

/* As send(2), over TLS if s has it; more: what is behind it goes out with it, if it can. */
ssize_t stream_transport_send(struct stream *s, const void *data, size_t len, bool more);

/* What an attempt to send has given: n bytes went; it failed with errno. */
void stream_sent(struct stream *s, size_t n);
__attribute__((cold)) void stream_output_failed(struct stream *s);

/* Of the first file: bytes of s->out that go before it; n of them went. */
size_t stream_ahead_of_file(const struct stream *s);
void stream_file_nears(struct stream *s, size_t n);
/* One attempt to send of the first file, if it is its turn. */
void stream_flush_file(struct stream *s);
void stream_drop_files(struct stream *s);

/* The transport has to be made before bytes can go over it. */
static inline bool stream_is_shaking(const struct stream *s)
{
	return s->tls && !s->tls->ready;
}

/* Bytes are to be had that the loop need not, or cannot, tell of. */
static inline bool stream_has_more(const struct stream *s)
{
	return s->prompt || (s->tls && s->tls->more);
}

static inline bool stream_wants_input(const struct stream *s)
{
	if (s->eof)
		return false;
	if (s->state != STREAM_OPEN)
		return true;     /* to discard it */
	return !s->paused && !s->choked && buf_len(&s->in) < s->kind->max_input;
}

/* Of a kind with TLS: its handshake may begin. */
void stream_open_transport(struct stream *s);

int  stream_wanted_events(const struct stream *s); /* what the loop is to watch for */
void stream_read_once(struct stream *s);         /* if it wants input */
void stream_deliver_kept(struct stream *s);      /* what data() left, to data() */
void stream_discard(struct stream *s);

/* The end: first its connection is closed here, or is somebody else's.  count: which of its kind's
 * numbers its end belongs to.  s is gone. */
void stream_close_connection(struct stream *s);
void stream_finish(struct stream *s, uint64_t *count);

#endif
