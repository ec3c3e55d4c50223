/* SPDX-License-Identifier: MIT */
/*
 * outgoing.c - connections of handlers to other servers.
 *
 * One is what the handler knows from portico_connect() to closed(); the stream in it begins when
 * the dial has come to its end.  Until then what is asked of it waits in flags.
 */
#include "proto/outgoing.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "net/tls.h"
#include "proto/handler.h"
#include "sys/counts.h"

/* ---- its beginning and end ---- */

static void enlist(struct outgoing_conn *o)
{
	o->back = &o->all->first;
	o->next = *o->back;
	if (o->next)
		o->next->back = &o->next;
	*o->back = o;
	o->all->count++;
}

/* The last call: o is gone. */
static void tell_closed(struct outgoing_conn *o)
{
	struct portico_service *h = o->conn.handler;

	if (o->state == OUTGOING_OPEN)
		portico_gauge_add(o->up->in_use, -1.);
	o->is_due = true;        /* never again, whatever closed() asks of it */
	handler_enter(h, PULSE_OUTGOING);
	o->up->calls.closed(&o->conn, o->error);
	handler_leave(h);
	*o->back = o->next;
	if (o->next)
		o->next->back = o->back;
	o->all->count--;
	free(o);
}

/* ---- an open one ---- */

static struct outgoing_conn *conn_of(struct stream *s)
{
	return (struct outgoing_conn *)s;
}

static size_t refuse_use(struct outgoing_conn *o, const char *how)
{
	handler_broke_contract(o->conn.handler, how);
	o->error = EPROTO;
	stream_abort(&o->conn.stream);
	return 0;
}

static bool is_stuck(const struct stream *s, size_t left)
{
	return left >= s->kind->max_input && !s->paused && !s->retry && stream_is_open(s);
}

static ssize_t call_data(struct outgoing_conn *o, const char *data, size_t len)
{
	struct portico_service *h = o->conn.handler;

	handler_enter(h, PULSE_OUTGOING);
	ssize_t used = o->up->calls.data(&o->conn, data, len);
	handler_leave(h);
	return used;
}

static size_t on_data(struct stream *s, char *data, size_t len)
{
	struct outgoing_conn *o = conn_of(s);

	if (len == 0 || o->keeping)
		return 0;        /* what comes for nobody makes it unfit to be kept */
	o->heard = true;
	if (!o->up->calls.data)
		return len;
	ssize_t used = call_data(o, data, len);
	if (used < 0) {
		o->closing = true;
		stream_close(s, false);
		return len;
	}
	if ((size_t)used > len)
		return refuse_use(o, "data() of an outgoing connection says it used more than there "
			"was; connection cut");
	if (is_stuck(s, len - (size_t)used))
		return refuse_use(o, "data() of an outgoing connection left max_input bytes unused, so "
			"nothing more could come; connection cut");
	return (size_t)used;
}

/* One of the pool that says nothing but its end had ended before. */
static bool is_stale(const struct outgoing_conn *o)
{
	return o->reused && !o->heard;
}

static void on_eof(struct stream *s)
{
	struct outgoing_conn *o = conn_of(s);

	if (o->keeping)
		return;
	if (is_stale(o))
		o->error = ESTALE;
	if (o->error || !o->up->calls.eof) {
		o->closing = true;
		stream_close(s, true);
		return;
	}
	handler_enter(o->conn.handler, PULSE_OUTGOING);
	o->up->calls.eof(&o->conn);
	handler_leave(o->conn.handler);
}

static void on_drained(struct stream *s)
{
	struct outgoing_conn *o = conn_of(s);

	if (o->keeping)
		return;
	handler_enter(o->conn.handler, PULSE_OUTGOING);
	o->up->calls.drained(&o->conn);
	handler_leave(o->conn.handler);
}

/* Nothing comes, or nothing goes: it is not waited for a second time. */
static void on_late(struct stream *s)
{
	conn_of(s)->error = ETIMEDOUT;
	if (stream_queued(s) > 0)
		stream_abort(s);
	else
		stream_close(s, true);
}

/* Nobody of us has ended it, nor has its server as it should: then TLS has. */
static int error_of(const struct outgoing_conn *o)
{
	const struct stream *s = &o->conn.stream;

	if (o->error || o->closing || o->keeping)
		return o->error;
	if (s->broken)
		return is_stale(o) ? ESTALE : ECONNRESET;
	return s->eof ? 0 : EPROTO;
}

/* Who is due as well is told when it is its turn. */
static void on_closed(struct stream *s)
{
	struct outgoing_conn *o = conn_of(s);

	o->error = error_of(o);
	o->gone = true;
	if (!o->is_due)
		tell_closed(o);
}

const struct stream_ops outgoing_ops = {
	.data = on_data,
	.eof = on_eof,
	.drained = on_drained,
	.late = on_late,
	.closed = on_closed,
};

/* ---- from the pool, or anew ---- */

static void open_stream(struct outgoing_conn *o, int fd, struct tls *tls)
{
	struct portico_service *h = o->conn.handler;
	struct stream *s = &o->conn.stream;

	o->state = OUTGOING_OPEN;
	s->held = false;
	portico_gauge_add(o->up->in_use, 1.);
	stream_open_over(s, &o->up->kind, fd, tls);
	handler_enter(h, PULSE_OUTGOING);
	int result = o->up->calls.opened(&o->conn);
	handler_leave(h);
	if (result < 0) {
		o->closing = true;
		stream_close(s, false);
	}
}

static enum outgoing_failure failure_of(const struct outgoing_conn *o, int error)
{
	switch (error) {
	case ENOENT:
	case EAGAIN:
		return o->up->to.path.sun_family == AF_UNIX ? OUTGOING_REFUSED : OUTGOING_NAME;
	case ECONNREFUSED:
		return OUTGOING_REFUSED;
	case ETIMEDOUT:
		return OUTGOING_TIMEOUT;
	case EPROTO:
	case EKEYREJECTED:
		return OUTGOING_TLS;
	default:
		return OUTGOING_OTHER;
	}
}

static void on_dialled(struct dial *d)
{
	struct outgoing_conn *o = (struct outgoing_conn *)((char *)d - offsetof(struct outgoing_conn, dial));

	if (d->error) {
		outgoing_count_failure(o->up, failure_of(o, d->error));
		o->error = d->error;
		tell_closed(o);
		return;
	}
	portico_counter_add(o->up->connects, 1);
	if (o->up->to.path.sun_family == AF_UNIX)
		o->conn.peer.sa.sa_family = AF_UNIX;
	else
		o->conn.peer = d->addrs[d->next - 1];
	open_stream(o, d->fd, d->tls);
}

static void start(struct outgoing_conn *o)
{
	struct tls *tls;
	int fd;

	if (!o->fresh && outgoing_pool_take(o->up, &fd, &tls, &o->conn.peer)) {
		o->reused = true;
		portico_counter_add(o->up->reused, 1);
		open_stream(o, fd, tls);
		return;
	}
	o->state = OUTGOING_DIALLING;
	dial_begin(&o->dial, &o->up->to, on_dialled);
}

/* ---- its turn ---- */

/* The connection stays, and o goes. */
static void keep(struct outgoing_conn *o)
{
	struct portico_upstream *up = o->up;
	struct addr peer = o->conn.peer;
	struct tls *tls;
	int fd;

	if (o->all->draining || up->pool_max == 0 || !stream_part(&o->conn.stream, &fd, &tls))
		stream_close(&o->conn.stream, false);
	else
		outgoing_pool_put(up, fd, tls, &peer);
}

void outgoing_serve(struct outgoing_conn *o)
{
	o->is_due = false;
	if (o->gone || (o->closing && o->state != OUTGOING_OPEN))
		tell_closed(o);
	else if (o->state == OUTGOING_DUE)
		start(o);
	else if (o->keeping)
		keep(o);
}

/* ---- handlers ---- */

struct portico_conn *portico_connect(struct portico_upstream *up, unsigned flags, void *state)
{
	struct portico_service *h = up->handler;

	if (flags & ~(unsigned)PORTICO_FRESH) {
		errno = EINVAL;
		return NULL;
	}
	if (h->outgoing->over) {
		errno = ECANCELED;
		return NULL;
	}
	struct outgoing_conn *o = calloc(1, sizeof(*o));
	if (!o)
		return NULL;
	o->up = up;
	o->all = h->outgoing;
	o->fresh = flags & PORTICO_FRESH;
	o->conn.handler = h;
	o->conn.state = state;
	o->conn.stream.kind = &up->kind;
	o->conn.stream.held = true;      /* until it begins nothing can be done */
	enlist(o);
	outgoing_become_due(o);
	return &o->conn;
}

void portico_conn_keep(struct portico_conn *c)
{
	struct outgoing_conn *o = outgoing_of(c);

	if (!o || o->state != OUTGOING_OPEN || !stream_is_open(&c->stream)) {
		portico_conn_close(c);
		return;
	}
	o->keeping = true;
	outgoing_become_due(o);
}

bool outgoing_is_tls(const struct outgoing_conn *o)
{
	return o->up->to.tls != NULL;
}

bool outgoing_is_open(const struct outgoing_conn *o)
{
	return o->state == OUTGOING_OPEN;
}

static void cancel(struct outgoing_conn *o)
{
	if (o->state == OUTGOING_DIALLING && !o->closing)
		dial_abort(&o->dial);
	o->closing = true;
	outgoing_become_due(o);
}

void outgoing_close(struct outgoing_conn *o)
{
	if (!outgoing_is_open(o)) {
		cancel(o);
		return;
	}
	o->closing = true;
	stream_close(&o->conn.stream, false);
}

void outgoing_abort(struct outgoing_conn *o)
{
	if (!outgoing_is_open(o)) {
		cancel(o);
		return;
	}
	o->closing = true;
	stream_abort(&o->conn.stream);
}
