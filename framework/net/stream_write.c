/* SPDX-License-Identifier: MIT */
/*
 * stream_write.c - output on its way into a stream's queue, or past it.
 */
#include "net/stream_io.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { STREAM_DIRECT = HUB_WRITE_BLOCK };        /* output of this size goes at once and uncopied */

static int may_write(struct stream *s, size_t len)
{
	if (s->state != STREAM_OPEN || s->broken || s->ending) {
		errno = EPIPE;
		return -1;
	}
	if (len > s->kind->max_queue || buf_len(&s->out) > s->kind->max_queue - len) {
		errno = ENOBUFS;
		return -1;
	}
	return 0;
}

static inline char *reserve(struct stream *s, size_t len)
{
	if (may_write(s, len) < 0)
		return NULL;
	if (!s->out.data && hub_lend(s->kind->hub, &s->out) < 0)
		return NULL;
	if (buf_reserve(&s->out, len) < 0)
		return NULL;
	return buf_tail(&s->out);
}

char *stream_reserve(struct stream *s, size_t len)
{
	return reserve(s, len);
}

void stream_wrote(struct stream *s, size_t len)
{
	buf_added(&s->out, len);
	stream_touch(s);
}

/* Sends the queue and data without copying data.  Gives how much of data went. */
static size_t send_both(struct stream *s, const void *data, size_t len)
{
	size_t queued = buf_len(&s->out);
	struct iovec parts[2] = {
		{ .iov_base = queued ? buf_head(&s->out) : NULL, .iov_len = queued },
		{ .iov_base = (void *)(uintptr_t)data, .iov_len = len },
	};
	struct msghdr m = { .msg_iov = parts, .msg_iovlen = 2 };

	ssize_t n = sendmsg(s->io.fd, &m, MSG_NOSIGNAL);
	if (n < 0) {
		stream_output_failed(s);
		return 0;
	}
	size_t sent = (size_t)n;
	stream_sent(s, sent);
	s->blocked = sent < queued + len;
	buf_take(&s->out, sent < queued ? sent : queued);
	return sent < queued ? 0 : sent - queued;
}

static int sent_whole(struct stream *s)
{
	if (s->out.data && buf_len(&s->out) == 0)
		hub_take_back(s->kind->hub, &s->out);
	stream_touch(s);
	return 0;
}

static int write_failed(struct stream *s, int error)
{
	stream_touch(s);
	errno = error;
	return -1;
}

/* The same over TLS, whose records hold a copy anyway. */
static size_t seal_both(struct stream *s, const void *data, size_t len)
{
	if (buf_len(&s->out) > 0 || stream_is_shaking(s))
		stream_flush(s);
	if (s->blocked || s->broken)
		return 0;
	ssize_t n = tls_send(s->tls, data, len, false);
	if (n < 0) {
		stream_output_failed(s);
		return 0;
	}
	stream_sent(s, (size_t)n);
	s->blocked = (size_t)n < len;
	return (size_t)n;
}

/* Of at least STREAM_DIRECT. */
static int write_much(struct stream *s, const char *data, size_t len)
{
	size_t sent = 0;

	if (may_write(s, len) < 0)
		return -1;
	if (!s->blocked && !s->files)
		sent = s->tls ? seal_both(s, data, len) : send_both(s, data, len);
	if (sent == len)
		return sent_whole(s);
	if (s->broken)
		return write_failed(s, EPIPE);
	char *room = stream_reserve(s, len - sent);
	if (!room) {
		/* Half of it is gone, or sealed in a record that waits: the peer must not take
		 * the rest for the whole. */
		if (sent > 0 || s->tls)
			stream_abort(s);
		return -1;
	}
	memcpy(room, data + sent, len - sent);
	stream_wrote(s, len - sent);
	return 0;
}

int stream_write(struct stream *s, const void *data, size_t len)
{
	if (len >= STREAM_DIRECT)
		return write_much(s, data, len);
	if (len == 0)
		return may_write(s, len);
	char *room = reserve(s, len);
	if (!room)
		return -1;
	memcpy(room, data, len);
	buf_added(&s->out, len);
	stream_touch(s);
	return 0;
}
