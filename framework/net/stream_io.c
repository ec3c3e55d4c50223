/* SPDX-License-Identifier: MIT */
/*
 * stream_io.c - a stream's socket: what is written, what is read.
 */
#include "net/stream_io.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/counts.h"

enum {
	/* How much of what a lingering peer says is thrown away in one turn. */
	STREAM_DISCARD = 8,
	/* The least that storage for unused input grows by; it doubles after that. */
	STREAM_GROW = 1024,
};

/* ---- the transport ---- */

ssize_t stream_transport_send(struct stream *s, const void *data, size_t len, bool more)
{
	if (s->tls)
		return tls_send(s->tls, data, len, more);
	return send(s->io.fd, data, len, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
}

static ssize_t transport_recv(struct stream *s, void *data, size_t room)
{
	return s->tls ? tls_recv(s->tls, data, room) : recv(s->io.fd, data, room, 0);
}

void stream_open_transport(struct stream *s)
{
	s->tls = tls_open(s->kind->tls, s->io.fd);
	if (s->tls)
		return;
	s->kind->counts->errors[ERROR_MEMORY]++;
	s->broken = true;
	stream_touch(s);
}

static void drop_output(struct stream *s)
{
	stream_drop_files(s);
	buf_take(&s->out, buf_len(&s->out));
}

/* What the peer sends makes no sense.  It has been told so: it shall be able to read that. */
static void end_transport(struct stream *s)
{
	s->kind->counts->errors[ERROR_PROTOCOL]++;
	drop_output(s);
	s->blocked = false;
	s->state = STREAM_FLUSHING;
	s->hasty = false;
	s->cut = true;
}

static void shake(struct stream *s)
{
	switch (tls_shake(s->tls)) {
	case TLS_DONE:
		s->blocked = false;
		break;
	case TLS_LATER:
		break;
	case TLS_OVER:
		s->eof = s->eof_told = true;     /* nobody was there yet */
		s->blocked = false;
		drop_output(s);
		s->state = STREAM_FLUSHING;
		break;
	case TLS_FAILED:
		end_transport(s);
		break;
	}
}

/* ---- output ---- */

void stream_sent(struct stream *s, size_t n)
{
	s->moved = true;
	s->sent += n;
	s->kind->counts->bytes_out += n;
}

void stream_output_failed(struct stream *s)
{
	if (errno == EAGAIN)
		s->blocked = true;
	else if (errno != EINTR)
		s->broken = true;
}

/* The head of a file leaves with its first bytes, the last words with our end: end_output()
 * comes next, or the socket took less and is full. */
static bool is_followed(const struct stream *s)
{
	return s->files || s->state == STREAM_FLUSHING;
}

static void flush_memory(struct stream *s, size_t len)
{
	ssize_t n = stream_transport_send(s, buf_head(&s->out), len, is_followed(s));
	if (n < 0) {
		stream_output_failed(s);
		return;
	}
	stream_sent(s, (size_t)n);
	s->blocked = (size_t)n < len;
	buf_take(&s->out, (size_t)n);
	if (s->files)
		stream_file_nears(s, (size_t)n);
	if (buf_len(&s->out) == 0)
		hub_take_back(s->kind->hub, &s->out);
}

void stream_flush_memory(struct stream *s)
{
	size_t len = s->files ? stream_ahead_of_file(s) : buf_len(&s->out);

	if (stream_is_shaking(s))
		s->blocked = true;
	else if (len > 0)
		flush_memory(s, len);
}

void stream_flush(struct stream *s)
{
	stream_flush_memory(s);
	if (s->files && !s->blocked && !s->broken)
		stream_flush_file(s);
}

/* ---- input ---- */

static void keep_rest(struct stream *s, const char *rest, size_t len)
{
	if (len > 0 && buf_append(&s->in, rest, len) < 0)
		s->broken = true;
}

static size_t hand_over(struct stream *s, char *data, size_t len)
{
	s->held = true;
	size_t used = s->kind->ops->data(s, data, len);
	s->held = false;
	assert(used <= len);
	return used;
}

/* Gives data() what is kept, and keeps what it leaves. */
void stream_deliver_kept(struct stream *s)
{
	size_t len = buf_len(&s->in);
	size_t used = hand_over(s, len ? buf_head(&s->in) : s->kind->hub->block, len);

	buf_take(&s->in, used);
	if (buf_len(&s->in) == 0)
		buf_fini(&s->in);
}

static void input_failed(struct stream *s)
{
	if (errno == EPROTO && s->tls)
		end_transport(s);
	else if (errno != EAGAIN && errno != EINTR)
		s->broken = true;
}

static void received(struct stream *s, size_t len)
{
	s->received = s->moved = true;
	s->kind->counts->bytes_in += len;
}

/* Gives how much came: 0 too if it failed, or ended, which the stream knows from then on. */
static size_t receive(struct stream *s, char *to, size_t room)
{
	ssize_t n = transport_recv(s, to, room);

	if (n < 0)
		input_failed(s);
	else if (n == 0)
		s->eof = true;
	else
		received(s, (size_t)n);
	return n > 0 ? (size_t)n : 0;
}

/* Most input is used at once, so it is read into the hub's block, and only
 * what is left of it moves to the stream's own storage. */
static void read_fresh(struct stream *s)
{
	char *block = s->kind->hub->block;
	size_t n = receive(s, block, HUB_READ_BLOCK);

	if (n == 0)
		return;
	size_t used = hand_over(s, block, n);
	keep_rest(s, block + used, n - used);
}

static void read_behind_kept(struct stream *s)
{
	size_t room = s->kind->max_input - buf_len(&s->in);
	size_t more = buf_len(&s->in) > STREAM_GROW ? buf_len(&s->in) : STREAM_GROW;

	if (buf_room(&s->in) == 0 && buf_reserve(&s->in, more < room ? more : room) < 0) {
		s->broken = true;
		return;
	}
	if (room > buf_room(&s->in))
		room = buf_room(&s->in);
	size_t n = receive(s, buf_tail(&s->in), room);
	if (n == 0)
		return;
	buf_added(&s->in, n);
	stream_deliver_kept(s);
}

/* Our side has said its end: what still comes need not be understood. */
static void drop_transport(struct stream *s)
{
	tls_close(s->tls);
	s->tls = NULL;
}

void stream_discard(struct stream *s)
{
	if (s->state == STREAM_LINGERING)
		drop_transport(s);
	for (int i = 0; i < STREAM_DISCARD; i++) {
		ssize_t n = transport_recv(s, s->kind->hub->block, HUB_READ_BLOCK);
		if (n > 0) {
			s->hasty = false;        /* it had more to say, and may have still more */
			s->discarded = true;
			continue;
		}
		if (n < 0)
			input_failed(s);
		else
			s->eof = true;
		return;
	}
}

int stream_wanted_events(const struct stream *s)
{
	int input = s->tls && s->tls->wants_write ? EV_WRITE : EV_READ;

	if (stream_is_shaking(s))
		return input;
	return (stream_wants_input(s) ? input : 0) | (s->blocked ? EV_WRITE : 0);
}

void stream_read_once(struct stream *s)
{
	s->prompt = false;
	if (stream_is_shaking(s))
		shake(s);
	if (stream_is_shaking(s))
		return;
	if (!stream_wants_input(s))
		return;
	if (s->state != STREAM_OPEN)
		stream_discard(s);
	else if (buf_len(&s->in) == 0)
		read_fresh(s);
	else
		read_behind_kept(s);
}
