/* SPDX-License-Identifier: MIT */
/*
 * conn.c - a TCP connection between a stream and a plugin's tcp_*() callbacks.
 */
#include "proto/conn.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "net/tls_peer.h"
#include "proto/handler.h"
#include "proto/outgoing.h"
#include "sys/counts.h"

static struct portico_conn *conn_of(struct stream *s)
{
	return (struct portico_conn *)s;
}

static struct conn_site *site_of(const struct portico_conn *c)
{
	return (struct conn_site *)c->stream.kind;
}

static size_t refuse_use(struct portico_conn *c, const char *how)
{
	handler_broke_contract(c->handler, how);
	stream_abort(&c->stream);
	return 0;
}

/* With max_input bytes unused and no wish to wait nothing could ever change. */
static bool is_stuck(const struct portico_conn *c, size_t left)
{
	return left >= c->stream.kind->max_input && !c->stream.paused && !c->stream.retry
		&& stream_is_open(&c->stream);
}

static size_t on_data(struct stream *s, char *data, size_t len)
{
	struct portico_conn *c = conn_of(s);
	struct portico_service *h = c->handler;

	if (len == 0)
		return 0;
	if (!h->plugin.tcp_data)
		return len;
	handler_enter(h, PULSE_TCP_DATA);
	ssize_t used = h->plugin.tcp_data(c, data, len);
	handler_leave(h);
	latency_add(&h->counts->latency, hub_turn_us(s->kind->hub), 1);
	if (used < 0) {
		stream_close(s, false);
		return len;
	}
	if ((size_t)used > len)
		return refuse_use(c, "tcp_data() says it used more than there was; connection cut");
	if (is_stuck(c, len - (size_t)used))
		return refuse_use(c, "tcp_data() left max_input bytes unused, so nothing more "
			"could come; connection cut");
	return (size_t)used;
}

static void on_eof(struct stream *s)
{
	struct portico_conn *c = conn_of(s);

	if (!c->handler->plugin.tcp_eof) {
		stream_close(s, true);
		return;
	}
	handler_enter(c->handler, PULSE_TCP_EOF);
	c->handler->plugin.tcp_eof(c);
	handler_leave(c->handler);
}

static void on_drained(struct stream *s)
{
	struct portico_conn *c = conn_of(s);

	handler_enter(c->handler, PULSE_TCP_DRAINED);
	c->handler->plugin.tcp_drained(c);
	handler_leave(c->handler);
}

static void on_late(struct stream *s)
{
	bool unsent = stream_queued(s) > 0, unread = s->paused || buf_len(&s->in) > 0;

	s->kind->counts->errors[ERROR_TIMEOUT] += unsent;
	conn_of(s)->error = unsent || unread ? ECONNABORTED : ETIMEDOUT;
	stream_close(s, false);
}

static void on_closed(struct stream *s)
{
	struct portico_conn *c = conn_of(s);
	struct portico_service *h = c->handler;

	if (h->plugin.tcp_close) {
		handler_enter(h, PULSE_TCP_CLOSE);
		h->plugin.tcp_close(c);
		handler_leave(h);
	}
	limits_leave(&site_of(c)->limits, c->client);
	spares_give(&site_of(c)->spares, c);
}

static const struct stream_ops tcp_ops = {
	.data = on_data,
	.eof = on_eof,
	.drained = on_drained,
	.late = on_late,
	.closed = on_closed,
};

void conn_site_init(struct conn_site *site, struct hub *hub, struct portico_service *handler,
	const struct conn_limits *limits)
{
	site->handler = handler;
	site->told = (struct seldom){0};
	site->spares = (struct spares){0};
	stream_kind_init(&site->kind, hub, &tcp_ops, limits->idle, limits->linger);
	site->kind.max_input = limits->max_input;
	site->kind.high_water = limits->high_water;
	site->kind.max_queue = limits->max_queue;
	stream_kind_pace(&site->kind, limits->send_rate, limits->rate_grace);
	limits_init(&site->limits, limits->max_connections, limits->max_per_client);
}

void conn_site_fini(struct conn_site *site)
{
	stream_kind_fini(&site->kind);
	spares_fini(&site->spares);
	limits_fini(&site->limits);
}

void conn_site_abort(struct conn_site *site)
{
	stream_kind_abort(&site->kind);
}

/* State follows the connection, aligned for any type. */
static size_t state_offset(void)
{
	size_t align = _Alignof(max_align_t);
	return (sizeof(struct portico_conn) + align - 1) / align * align;
}

static void tell_open(struct portico_conn *c)
{
	struct portico_service *h = c->handler;

	if (!h->plugin.tcp_open)
		return;
	handler_enter(h, PULSE_TCP_OPEN);
	int result = h->plugin.tcp_open(c);
	handler_leave(h);
	if (result < 0)
		stream_close(&c->stream, false);
}

/* A connection that cannot be, for the reason in errno. */
static void decline(struct conn_site *site, int fd)
{
	uint64_t *errors = site->kind.counts->errors;
	unsigned missed;

	if (errno == EUSERS) {
		errors[ERROR_REFUSED]++;
	} else {
		errors[ERROR_MEMORY]++;
		if (seldom_may(&site->told, &missed))
			log_warn("service %s: no memory for a connection: closed",
				site->handler->service);
	}
	stream_decline(&site->kind, fd);
}

static bool is_over_rate(const struct conn_site *site, const struct addr *peer)
{
	return !rate_allows(site->rate, rate_client(site->rate, peer), peer,
		tick_ns(&site->kind.hub->tick), NULL);
}

struct portico_conn *conn_make(struct conn_site *site, int fd, const struct addr *peer)
{
	uint64_t client;

	if (limits_enter(&site->limits, peer, &client) < 0) {
		decline(site, fd);
		return NULL;
	}
	struct portico_conn *c = spares_take(&site->spares,
		state_offset() + site->handler->plugin.conn_size);
	if (!c) {
		limits_leave(&site->limits, client);
		errno = ENOMEM;
		decline(site, fd);
		return NULL;
	}
	c->client = client;
	c->handler = site->handler;
	c->peer = *peer;
	c->state = (char *)c + state_offset();
	stream_open(&c->stream, &site->kind, fd);
	return c;
}

void conn_accept(struct conn_site *site, int fd, const struct addr *peer)
{
	if (site->rate && is_over_rate(site, peer)) {
		stream_decline(&site->kind, fd);
		return;
	}
	struct portico_conn *c = conn_make(site, fd, peer);
	if (c)
		tell_open(c);
}

/* ---- what a plugin may ask ---- */

struct portico_service *portico_conn_service(struct portico_conn *c)
{
	return c->handler;
}

void *portico_conn_state(struct portico_conn *c)
{
	return c->state;
}

void portico_conn_peer(const struct portico_conn *c, struct portico_peer *peer)
{
	memset(peer, 0, sizeof(*peer));
	peer->len = addr_len(&c->peer);
	memcpy(&peer->addr, &c->peer, peer->len);
}

bool portico_conn_is_tls(const struct portico_conn *c)
{
	const struct outgoing_conn *o = outgoing_of(c);

	return o ? outgoing_is_tls(o) : c->stream.kind->tls != NULL;
}

/* Old plugins know less of it than we do, new ones more: what they know and we do not is zero. */
int portico_conn_tls(const struct portico_conn *c, struct portico_tls *out, size_t size)
{
	struct portico_tls all;

	memset(out, 0, size);
	if (!portico_conn_is_tls(c)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if (tls_peer(c->stream.tls, &all) < 0)
		return -1;
	memcpy(out, &all, size < sizeof(all) ? size : sizeof(all));
	return 0;
}

/* Bytes of a handler in between would break the framing of HTTP. */
static bool is_framed(const struct portico_conn *c)
{
	return !c->state && !outgoing_of(c);
}

static bool is_told_drained(const struct portico_conn *c)
{
	const struct outgoing_conn *o = outgoing_of(c);

	return o ? o->up->calls.drained != NULL : c->handler->plugin.tcp_drained != NULL;
}

/* Not connected yet. */
static bool is_awaited(const struct portico_conn *c)
{
	const struct outgoing_conn *o = outgoing_of(c);

	return o && !outgoing_is_open(o);
}

int portico_conn_error(const struct portico_conn *c)
{
	const struct outgoing_conn *o = outgoing_of(c);
	const struct stream *s = &c->stream;

	if (o)
		return o->error;
	if (s->broken)
		return ECONNRESET;
	return s->cut || (c->error && s->discarded) ? ECONNABORTED : c->error;
}

ssize_t portico_conn_write(struct portico_conn *c, const void *data, size_t len)
{
	if (is_framed(c)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	if (is_awaited(c)) {
		errno = ENOTCONN;
		return -1;
	}
	if (stream_write(&c->stream, data, len) < 0)
		return -1;
	if (len > 0 && is_told_drained(c))
		stream_tell_drained(&c->stream);
	return (ssize_t)len;
}

size_t portico_conn_queued(const struct portico_conn *c)
{
	return stream_queued(&c->stream);
}

void portico_conn_pause(struct portico_conn *c)
{
	if (!is_framed(c))
		stream_pause(&c->stream);
}

void portico_conn_resume(struct portico_conn *c)
{
	if (!is_framed(c))
		stream_resume(&c->stream);
}

void portico_conn_end(struct portico_conn *c)
{
	if (!is_framed(c))
		stream_end(&c->stream);
}

void portico_conn_close(struct portico_conn *c)
{
	struct outgoing_conn *o = outgoing_of(c);

	if (o)
		outgoing_close(o);
	else
		stream_close(&c->stream, false);
}

void portico_conn_abort(struct portico_conn *c)
{
	struct outgoing_conn *o = outgoing_of(c);

	if (o)
		outgoing_abort(o);
	else
		stream_abort(&c->stream);
}
