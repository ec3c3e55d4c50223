/* SPDX-License-Identifier: MIT */
/*
 * stream.c - a buffered non-blocking stream over one connected socket.
 *
 * Everything that a callback asks for is a flag until settle(), which is
 * called once after each event and brings the socket, the mask and the
 * deadline in line with the flags.  Nothing is freed anywhere else.
 */
#include "net/stream.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sys/sock.h"

enum {
	/* Output of this size goes out at once and uncopied. */
	STREAM_DIRECT = HUB_WRITE_BLOCK,
	/* How often drained() may refill the queue in one turn. */
	STREAM_REFILLS = 16,
	/* How much of what a lingering peer says is thrown away in one turn. */
	STREAM_DISCARD = 8,
	/* The least that storage for unused input grows by; it doubles after that. */
	STREAM_GROW = 1024,
};

enum { OPEN, FLUSHING, LINGERING, CLOSED };

struct stream *stream_of(struct deadline *d)
{
	return (struct stream *)((char *)d - offsetof(struct stream, deadline));
}

void stream_kind_init(struct stream_kind *k, struct hub *hub, const struct stream_ops *ops,
	double idle, double linger)
{
	k->ops = ops;
	k->hub = hub;
	deadline_queue_init(&k->idle, hub->loop, idle, stream_expired);
	deadline_queue_init(&k->linger, hub->loop, linger, stream_expired);
}

void stream_kind_fini(struct stream_kind *k)
{
	deadline_queue_fini(&k->idle);
	deadline_queue_fini(&k->linger);
}

/* ---- the list of touched streams ---- */

static void touch(struct stream *s)
{
	struct hub *h = s->kind->hub;

	if (s->held || s->touched)
		return;
	s->touched = true;
	s->touched_next = NULL;
	s->touched_prev = h->touched_last;
	if (h->touched_last)
		h->touched_last->touched_next = s;
	else
		h->touched = s;
	h->touched_last = s;
}

static void untouch(struct stream *s)
{
	struct hub *h = s->kind->hub;

	if (!s->touched)
		return;
	s->touched = false;
	if (s->touched_prev)
		s->touched_prev->touched_next = s->touched_next;
	else
		h->touched = s->touched_next;
	if (s->touched_next)
		s->touched_next->touched_prev = s->touched_prev;
	else
		h->touched_last = s->touched_prev;
}

/* ---- output ---- */

static void progress(struct stream *s)
{
	if (s->deadline.queue == &s->kind->idle)
		deadline_set(&s->deadline, &s->kind->idle);
}

static void output_failed(struct stream *s)
{
	if (errno == EAGAIN)
		s->blocked = true;
	else if (errno != EINTR)
		s->broken = true;
}

/* One attempt to send what is queued. */
static void flush(struct stream *s)
{
	ssize_t n = send(s->io.fd, buf_head(&s->out), buf_len(&s->out), MSG_NOSIGNAL);
	if (n < 0) {
		output_failed(s);
		return;
	}
	progress(s);
	s->blocked = (size_t)n < buf_len(&s->out);
	buf_take(&s->out, (size_t)n);
	if (buf_len(&s->out) == 0)
		hub_take_back(s->kind->hub, &s->out);
}

static int may_write(struct stream *s, size_t len)
{
	if (s->state != OPEN || s->broken) {
		errno = EPIPE;
		return -1;
	}
	if (len > s->kind->max_queue || buf_len(&s->out) > s->kind->max_queue - len) {
		errno = ENOBUFS;
		return -1;
	}
	return 0;
}

char *stream_reserve(struct stream *s, size_t len)
{
	if (may_write(s, len) < 0)
		return NULL;
	if (!s->out.data && hub_lend(s->kind->hub, &s->out) < 0)
		return NULL;
	if (buf_reserve(&s->out, len) < 0)
		return NULL;
	return buf_tail(&s->out);
}

void stream_wrote(struct stream *s, size_t len)
{
	buf_added(&s->out, len);
	touch(s);
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
		output_failed(s);
		return 0;
	}
	progress(s);
	size_t sent = (size_t)n;
	s->blocked = sent < queued + len;
	buf_take(&s->out, sent < queued ? sent : queued);
	return sent < queued ? 0 : sent - queued;
}

static int sent_whole(struct stream *s)
{
	if (s->out.data && buf_len(&s->out) == 0)
		hub_take_back(s->kind->hub, &s->out);
	touch(s);
	return 0;
}

static int write_failed(struct stream *s, int error)
{
	touch(s);
	errno = error;
	return -1;
}

int stream_write(struct stream *s, const void *data, size_t len)
{
	size_t sent = 0;

	if (may_write(s, len) < 0)
		return -1;
	if (len >= STREAM_DIRECT && !s->blocked)
		sent = send_both(s, data, len);
	if (sent == len)
		return sent_whole(s);
	if (s->broken)
		return write_failed(s, EPIPE);
	char *room = stream_reserve(s, len - sent);
	if (!room) {
		/* Half of it is gone: the peer must not take the rest for the whole. */
		if (sent > 0)
			stream_abort(s);
		return -1;
	}
	memcpy(room, (const char *)data + sent, len - sent);
	stream_wrote(s, len - sent);
	return 0;
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
static void deliver_kept(struct stream *s)
{
	size_t len = buf_len(&s->in);
	size_t used = hand_over(s, len ? buf_head(&s->in) : s->kind->hub->block, len);

	buf_take(&s->in, used);
	if (buf_len(&s->in) == 0)
		buf_fini(&s->in);
}

static void input_failed(struct stream *s)
{
	if (errno != EAGAIN && errno != EINTR)
		s->broken = true;
}

/* Most input is used at once, so it is read into the hub's block, and only
 * what is left of it moves to the stream's own storage. */
static void read_fresh(struct stream *s)
{
	char *block = s->kind->hub->block;

	ssize_t n = recv(s->io.fd, block, HUB_READ_BLOCK, 0);
	if (n < 0) {
		input_failed(s);
		return;
	}
	if (n == 0) {
		s->eof = true;
		return;
	}
	s->received = true;
	progress(s);
	size_t used = hand_over(s, block, (size_t)n);
	keep_rest(s, block + used, (size_t)n - used);
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
	ssize_t n = recv(s->io.fd, buf_tail(&s->in), room, 0);
	if (n < 0) {
		input_failed(s);
		return;
	}
	if (n == 0) {
		s->eof = true;
		return;
	}
	s->received = true;
	progress(s);
	buf_added(&s->in, (size_t)n);
	deliver_kept(s);
}

static void discard(struct stream *s)
{
	for (int i = 0; i < STREAM_DISCARD; i++) {
		ssize_t n = recv(s->io.fd, s->kind->hub->block, HUB_READ_BLOCK, 0);
		if (n > 0)
			continue;
		if (n < 0)
			input_failed(s);
		else
			s->eof = true;
		return;
	}
}

static bool wants_input(const struct stream *s)
{
	if (s->eof)
		return false;
	if (s->state != OPEN)
		return true;     /* to discard it */
	return !s->paused && !s->choked && buf_len(&s->in) < s->kind->max_input;
}

static void read_once(struct stream *s)
{
	if (!wants_input(s))
		return;
	if (s->state != OPEN)
		discard(s);
	else if (buf_len(&s->in) == 0)
		read_fresh(s);
	else
		read_behind_kept(s);
}

/* ---- settling ---- */

/* Once: what asks again during the call is served in the next turn. */
static void retry_input(struct stream *s)
{
	if (!s->retry || s->state != OPEN || s->paused || s->broken)
		return;
	s->retry = false;
	deliver_kept(s);
}

static void tell_eof(struct stream *s)
{
	if (!s->eof || s->eof_told || s->state != OPEN || s->broken)
		return;
	s->eof_told = true;
	s->held = true;
	s->kind->ops->eof(s);
	s->held = false;
}

/* Sends; and as often as all was sent, asks for more. */
static void send_output(struct stream *s)
{
	for (int i = 0; i < STREAM_REFILLS && s->state != CLOSED; i++) {
		if (buf_len(&s->out) > 0 && !s->blocked && !s->broken)
			flush(s);
		if (buf_len(&s->out) > 0 || s->broken || s->drain_told || s->state != OPEN)
			return;
		s->drain_told = true;
		s->held = true;
		s->kind->ops->drained(s);
		s->held = false;
	}
	touch(s);
}

static void update_choke(struct stream *s)
{
	size_t queued = buf_len(&s->out);

	if (queued > s->kind->high_water)
		s->choked = true;
	else if (queued <= s->kind->high_water / 2)
		s->choked = false;
}

static void end_output(struct stream *s)
{
	if (s->hasty || s->eof || s->kind->linger.span <= 0. || shutdown(s->io.fd, SHUT_WR) < 0) {
		s->state = CLOSED;
		return;
	}
	s->state = LINGERING;
	deadline_set(&s->deadline, &s->kind->linger);
	discard(s);
}

static void advance_closing(struct stream *s)
{
	if (s->state == FLUSHING && buf_len(&s->out) == 0)
		end_output(s);
	if (s->broken || (s->state == LINGERING && s->eof))
		s->state = CLOSED;
}

static void update_deadline(struct stream *s)
{
	if (s->state == LINGERING)
		return;
	struct deadline_queue *q = buf_len(&s->out) > 0 ? &s->kind->idle : s->expects;
	if (s->deadline.queue != q)
		deadline_set(&s->deadline, q);
}

static void update_mask(struct stream *s)
{
	struct ev_loop *loop = s->kind->hub->loop;
	int mask = (wants_input(s) ? EV_READ : 0) | (s->blocked ? EV_WRITE : 0);

	if (mask == 0) {
		ev_io_stop(loop, &s->io);
		return;
	}
	if (ev_is_active(&s->io) && (s->io.events & (EV_READ | EV_WRITE)) == mask)
		return;
	ev_io_stop(loop, &s->io);
	ev_io_set(&s->io, s->io.fd, mask);
	ev_io_start(loop, &s->io);
}

static void finish(struct stream *s)
{
	struct hub *h = s->kind->hub;

	ev_io_stop(h->loop, &s->io);
	close(s->io.fd);
	deadline_clear(&s->deadline);
	untouch(s);
	buf_fini(&s->in);
	if (s->out.data)
		hub_take_back(h, &s->out);
	h->streams--;
	s->held = true;          /* whatever closed() still calls is without effect */
	s->kind->ops->closed(s);
}

static void settle(struct stream *s)
{
	retry_input(s);
	tell_eof(s);
	send_output(s);
	update_choke(s);
	advance_closing(s);
	if (s->state == CLOSED) {
		finish(s);
		return;
	}
	if ((s->state == OPEN && s->retry && !s->paused)
		|| (buf_len(&s->out) > 0 && !s->blocked))
		touch(s);
	update_deadline(s);
	update_mask(s);
}

void stream_settle_touched(struct stream *s)
{
	untouch(s);
	settle(s);
}

static void on_event(struct ev_loop *loop, ev_io *w, int events)
{
	struct stream *s = w->data;

	(void)loop;
	if (events & EV_WRITE)
		s->blocked = false;
	if (events & EV_READ)
		read_once(s);
	settle(s);
}

/* ---- deadlines ---- */

/* A callback may have blocked the loop past the deadline while what was
 * expected lay in the socket: it is looked for before anybody is blamed. */
static bool has_come(struct stream *s, const struct deadline_queue *q)
{
	if (buf_len(&s->out) > 0)
		return false;    /* it is the peer's reading that we wait for */
	s->received = s->renewed = false;
	read_once(s);
	return s->expects != q || s->renewed || (s->received && q == &s->kind->idle);
}

void stream_expired(struct deadline_queue *q, struct deadline *d)
{
	struct stream *s = stream_of(d);

	if (s->state != OPEN) {
		stream_abort(s);
	} else if (!has_come(s, q) && s->state == OPEN) {
		s->held = true;
		s->kind->ops->late(s);
		s->held = false;
	}
	stream_settle_touched(s);
}

/* ---- what the protocol asks for ---- */

void stream_open(struct stream *s, struct stream_kind *kind, int fd)
{
	s->kind = kind;
	s->expects = &kind->idle;
	s->drain_told = true;
	ev_io_init(&s->io, on_event, fd, EV_READ);
	s->io.data = s;
	ev_io_start(kind->hub->loop, &s->io);
	deadline_set(&s->deadline, &kind->idle);
	kind->hub->streams++;
}

bool stream_is_open(const struct stream *s)
{
	return s->state == OPEN && !s->broken;
}

void stream_pause(struct stream *s)
{
	s->paused = true;
	touch(s);
}

void stream_resume(struct stream *s)
{
	if (!s->paused)
		return;
	s->paused = false;
	/* In data() itself what it leaves is not kept yet. */
	s->retry = s->retry || s->held || buf_len(&s->in) > 0;
	touch(s);
}

void stream_retry(struct stream *s)
{
	s->retry = true;
	touch(s);
}

void stream_tell_drained(struct stream *s)
{
	s->drain_told = false;
	touch(s);
}

void stream_expect(struct stream *s, struct deadline_queue *q)
{
	s->expects = q ? q : &s->kind->idle;
	touch(s);
}

void stream_renew(struct stream *s)
{
	s->renewed = true;
	deadline_clear(&s->deadline);
	touch(s);
}

void stream_close(struct stream *s, bool hasty)
{
	if (s->state != OPEN)
		return;
	s->state = FLUSHING;
	s->hasty = hasty;
	touch(s);
}

void stream_abort(struct stream *s)
{
	if (s->state == CLOSED)
		return;
	s->state = CLOSED;
	sock_reset_on_close(s->io.fd);
	touch(s);
}

bool stream_is_at_rest(const struct stream *s)
{
	return stream_is_open(s) && !s->eof && !s->paused && !s->held && buf_len(&s->in) == 0
		&& buf_len(&s->out) == 0;
}

int stream_hand_on(struct stream *s, int (*give)(void *arg, int fd), void *arg)
{
	assert(stream_is_at_rest(s));
	if (give(arg, s->io.fd) < 0)
		return -1;
	finish(s);
	return 0;
}

void stream_abort_all(struct deadline_queue *q)
{
	for (struct deadline *d = q->list.next; d != &q->list; d = d->next)
		stream_abort(stream_of(d));
}
