/* SPDX-License-Identifier: MIT */
/*
 * stream.c - a buffered non-blocking stream over one connected socket.
 *
 * Everything that a callback asks for is a flag until settle(), which is
 * called once after each event and brings the socket, the mask and the
 * deadline in line with the flags.  Nothing is freed anywhere else.
 */
#include "net/stream.h"

#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/stream_io.h"
#include "sys/counts.h"
#include "sys/shortest.h"
#include "sys/sock.h"

enum {
	STREAM_REFILLS = 16,         /* how often drained() may refill the queue in one turn */
	STREAM_SHARE = 256 * 1024,   /* bytes that end a turn */
};

_Static_assert(sizeof(struct stream) - offsetof(struct stream, io) <= 3 * 64,
	"what every turn looks at");

struct stream *stream_of(struct deadline *d)
{
	return (struct stream *)((char *)d - offsetof(struct stream, deadline));
}

/* ---- settling ---- */

/* Once: what asks again during the call is served in the next turn. */
static void retry_input(struct stream *s)
{
	if (!s->retry || s->state != STREAM_OPEN || s->paused || s->broken)
		return;
	s->retry = false;
	stream_deliver_kept(s);
}

/* With TLS it may be known while the bytes in front of it wait for who has paused. */
static void tell_eof(struct stream *s)
{
	if (!s->eof || s->eof_told || s->state != STREAM_OPEN || s->broken || (s->paused && buf_len(&s->in) > 0))
		return;
	s->eof_told = true;
	s->held = true;
	s->kind->ops->eof(s);
	s->held = false;
}

static bool may_flush(const struct stream *s)
{
	return stream_queued(s) > 0 && !s->blocked && !s->broken && s->state != STREAM_CLOSED;
}

static bool may_refill(const struct stream *s)
{
	return stream_queued(s) == 0 && !s->broken && !s->drain_told && s->state == STREAM_OPEN;
}

static void refill(struct stream *s)
{
	s->drain_told = true;
	s->held = true;
	s->kind->ops->drained(s);
	s->held = false;
}

/* Sends; and as often as all was sent, asks for more.  Gives how long it took. */
static uint64_t send_share(struct stream *s)
{
	uint64_t began = clock_ns(), spent = 0, enough = s->sent + STREAM_SHARE;

	for (int i = 0; i < STREAM_REFILLS && s->sent < enough && spent < HUB_TURN; i++) {
		bool sends = may_flush(s);

		if (sends)
			stream_flush(s);
		if (!may_refill(s))
			return sends ? clock_ns() - began : spent;
		refill(s);
		spent = clock_ns() - began;
	}
	stream_touch(s);
	return spent;
}

/* A short answer goes at once, and so does the head of a file.  Who has more to say has a share
 * of the time, and waits for it behind the others: where they are many, a turn of the loop in
 * which all of them send what they can takes seconds. */
static void send_output(struct stream *s, bool its_turn)
{
	struct hub *h = s->kind->hub;

	if (s->waiting)
		return;
	if (may_flush(s) && buf_len(&s->out) <= HUB_WRITE_BLOCK)
		stream_flush_memory(s);
	if (!may_flush(s) && !may_refill(s))
		return;
	if (its_turn || hub_has_time(h))
		h->spent += send_share(s);
	else
		stream_wait(s);
}

static void update_choke(struct stream *s)
{
	size_t queued = stream_queued(s);

	if (queued > s->kind->high_water)
		s->choked = true;
	else if (queued <= s->kind->high_water / 2)
		s->choked = false;
}

/* It has ended, or it said nothing since it was known to have nothing more to say. */
static bool is_peer_silent(const struct stream *s)
{
	return s->eof || (s->hasty && !stream_has_more(s) && !sock_has_unread(s->io.fd));
}

static void end_output(struct stream *s)
{
	if (s->tls && !s->ended && !tls_end(s->tls, true)) {
		s->blocked = true;
		return;
	}
	if (s->kind->linger.span <= 0. || is_peer_silent(s) || shutdown(s->io.fd, SHUT_WR) < 0) {
		s->state = STREAM_CLOSED;
		return;
	}
	s->state = STREAM_LINGERING;
	stream_give_time(s, &s->kind->linger);
	stream_discard(s);
}

/* Of our half alone.  TLS says it by itself: its socket may have to answer the peer yet. */
static void say_end(struct stream *s)
{
	if (!s->ending || s->state != STREAM_OPEN || s->broken)
		return;
	if (!s->ended && stream_queued(s) == 0 && !s->blocked && !stream_is_shaking(s)) {
		s->blocked = s->tls && !tls_end(s->tls, false);
		s->ended = !s->blocked;
		if (s->ended && !s->tls)
			(void)shutdown(s->io.fd, SHUT_WR);
	}
	if (s->ended && s->eof_told)
		s->state = STREAM_FLUSHING;
}

static void advance_closing(struct stream *s)
{
	say_end(s);
	if (s->state == STREAM_FLUSHING && stream_queued(s) == 0 && !s->blocked)
		end_output(s);
	if (s->broken || (s->state == STREAM_LINGERING && s->eof))
		s->state = STREAM_CLOSED;
}

static void update_mask(struct stream *s)
{
	struct ev_loop *loop = s->kind->hub->loop;
	int mask = stream_wanted_events(s);

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

void stream_close_connection(struct stream *s)
{
	ev_io_stop(s->kind->hub->loop, &s->io);
	if (s->tls)
		tls_close(s->tls);
	s->tls = NULL;
	close(s->io.fd);
}

void stream_finish(struct stream *s, uint64_t *count)
{
	struct hub *h = s->kind->hub;

	deadline_clear(&s->deadline);
	stream_leave_lists(s);
	buf_fini(&s->in);
	if (s->out.data)
		hub_take_back(h, &s->out);
	stream_drop_files(s);
	h->streams--;
	++*count;
	if (s->kind->seat)
		shortest_done(s->kind->seat);
	s->kind->counts->errors[ERROR_RESET] += s->broken;
	s->held = true;          /* whatever closed() still calls is without effect */
	s->kind->ops->closed(s);
}

/* TLS, if there is any, wants nothing of its own. */
static bool is_transport_at_ease(const struct stream *s)
{
	return !s->tls || (s->tls->ready && !s->tls->more && !s->tls->wants_write);
}

/* Nothing was asked for, nothing is in its way, and it does not end. */
static bool is_plain(const struct stream *s)
{
	return s->state == STREAM_OPEN && !s->waiting && !s->retry && !s->paused && !s->choked
		&& !s->blocked && !s->broken && !s->eof && s->drain_told && !s->files && !s->ending
		&& is_transport_at_ease(s);
}

static bool is_watched_for_input(const struct stream *s)
{
	return ev_is_active(&s->io) && (s->io.events & (EV_READ | EV_WRITE)) == EV_READ
		&& buf_len(&s->in) < s->kind->max_input;
}

/* Nearly every request ends so: its answer, if there is one, is short and the socket takes all of
 * it. False: it is not so, or not any more, and all of settle() has to be gone through. */
static inline bool settle_plain(struct stream *s)
{
	if (!is_plain(s) || !is_watched_for_input(s) || buf_len(&s->out) > HUB_WRITE_BLOCK)
		return false;
	if (buf_len(&s->out) > 0)
		stream_flush_memory(s);
	if (buf_len(&s->out) > 0)
		return false;
	if (s->deadline.queue != s->expects)
		stream_update_deadline(s);
	else if (stream_has_new_time(s, s->expects))
		stream_give_time(s, s->expects);
	return true;
}

static void settle(struct stream *s, bool its_turn)
{
	if (settle_plain(s))
		return;
	retry_input(s);
	tell_eof(s);
	send_output(s, its_turn);
	update_choke(s);
	advance_closing(s);
	if (s->state == STREAM_CLOSED) {
		stream_close_connection(s);
		stream_finish(s, &s->kind->counts->closed);
		return;
	}
	if ((s->state == STREAM_OPEN && s->retry && !s->paused)
		|| (stream_queued(s) > 0 && !s->blocked)
		|| (stream_has_more(s) && stream_wants_input(s)))
		stream_touch(s);
	stream_update_deadline(s);
	update_mask(s);
}

void stream_settle_listed(struct stream *s)
{
	bool its_turn = s->waiting;

	++*s->kind->hub->steps;
	stream_leave_lists(s);
	if (stream_has_more(s))
		stream_read_once(s);
	settle(s, its_turn);
}

static void on_event(struct ev_loop *loop, ev_io *w, int events)
{
	struct stream *s = w->data;

	(void)loop;
	++*s->kind->hub->steps;
	bool to_write = s->tls && s->tls->wants_write;
	if (events & EV_WRITE)
		s->blocked = stream_is_shaking(s) && s->blocked;
	if (events & (to_write ? EV_READ | EV_WRITE : EV_READ))
		stream_read_once(s);
	settle(s, false);
}

/* ---- opening ---- */

static void begin(struct stream *s, struct stream_kind *kind, int fd)
{
	s->kind = kind;
	s->expects = &kind->idle;
	s->drain_told = true;
	ev_io_init(&s->io, on_event, fd, EV_READ);
	s->io.data = s;
	kind->hub->streams++;
}

void stream_open(struct stream *s, struct stream_kind *kind, int fd)
{
	begin(s, kind, fd);
	if (kind->tls)
		stream_open_transport(s);
	deadline_set(&s->deadline, s->tls ? &kind->shakes : &kind->idle);
	s->prompt = kind->prompt;
	if (s->prompt)
		stream_touch(s);
	else
		ev_io_start(kind->hub->loop, &s->io);
}

void stream_open_over(struct stream *s, struct stream_kind *kind, int fd, struct tls *tls)
{
	begin(s, kind, fd);
	s->tls = tls;
	deadline_set(&s->deadline, &kind->idle);
	ev_io_start(kind->hub->loop, &s->io);
	stream_touch(s);         /* the transport may hold the first bytes already */
}
