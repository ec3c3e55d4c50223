/* SPDX-License-Identifier: MIT */
/*
 * http.c - the HTTP/1.1 connection: has requests read off a stream, one after
 * another (http_read.c), and goes on when the reply to each is whole.
 *
 * All of it is one function of the unused input, on_data(): it is called
 * when input arrives and, by stream_retry(), when a reply or a resume from elsewhere
 * lets it go on.
 */
#include "proto/http_request.h"

#include "base/log.h"
#include "proto/handler.h"
#include "sys/counts.h"

static struct http_conn *conn_of(struct stream *s)
{
	return (struct http_conn *)s;
}

/* ---- one request after another ---- */

/* The client has said that it will send no more behind this request, the request is whole, and
 * it keeps its word so far: nothing is behind it (RFC 9112, 9.6). */
static bool is_last_word(const struct portico_request *r, size_t rest)
{
	return r->phase == HTTP_ANSWER && !r->head->keep_alive && rest == 0;
}

static void log_request(struct portico_request *r, bool whole)
{
	if (r->conn->site->access.scribe)
		http_access_tell(r, whole);
}

static void count_request(const struct portico_request *r)
{
	const struct http_site *site = r->conn->site;
	struct counts *counts = site->kind.counts;

	counts->requests[r->status / 100 - 1]++;
	latency_add(&counts->latency, hub_us_since(site->kind.hub, r->began), 1);
}

/* rest: bytes of input behind the request. */
static void finish(struct http_conn *c, size_t rest)
{
	struct portico_request *r = c->request;
	bool keep_alive = r->keep_alive;
	bool hasty = !keep_alive && is_last_word(r, rest);

	stream_renew(&c->conn.stream);   /* a next head or body has its own time */
	count_request(r);
	log_request(r, true);
	c->request = NULL;
	http_request_close(r);
	if (c->socket) {
		http_memo_drop(c);
		ws_begin(c->socket);
	} else if (!keep_alive)
		stream_close(&c->conn.stream, hasty);
}

/* No next request while the answers to the ones before it are not read: a
 * client that only sends would else make us hold them all. */
static bool may_open_next(struct http_conn *c)
{
	struct stream *s = &c->conn.stream;

	if (stream_queued(s) <= s->kind->high_water && stream_queued(s) <= s->kind->max_queue / 2)
		return true;
	stream_tell_drained(s);
	return false;
}

static bool open_next(struct http_conn *c)
{
	if (!may_open_next(c))
		return false;
	c->request = http_request_open(c);
	if (c->request)
		return true;
	log_warn("no memory for a request: connection cut");
	stream_abort(&c->conn.stream);
	return false;
}

static bool is_idle(const struct http_conn *c)
{
	return !c->request || !http_head_is_begun(c->request->head);
}

struct deadline_queue *http_expected(struct http_conn *c)
{
	struct http_site *site = c->site;

	if (is_idle(c))
		return site->draining ? &site->farewells : &site->kind.idle;
	switch (c->request->phase) {
	case HTTP_HEAD:
		return &site->heads;
	case HTTP_BODY:
		if (c->request->body_held)
			return &site->answers;   /* it is the handler that lets us wait */
		if (site->arriving.rate > 0.)
			return &site->paces;
		return site->bodies.span > 0. ? &site->bodies : &site->kind.idle;
	default:
		return &site->answers;
	}
}

/* After the peer's end: whether nothing whole is left to be answered. */
static bool is_over(const struct http_conn *c, size_t rest)
{
	const struct portico_request *r = c->request;

	if (!c->conn.stream.eof || c->conn.stream.retry)
		return false;    /* there is more to come, or to look at */
	if (!r)
		return rest == 0;
	return r->phase == HTTP_HEAD || (r->phase == HTTP_BODY && !r->body_held);
}

/* Out of line: most have no body. */
static __attribute__((noinline)) void look_at_clock(struct hub *h)
{
	hub_look(h);
}

/* Thousands of requests, or chunks of one, may come at once, and a handler may take its time for each.  By the
 * clock that finish() has looked at; behind a piece of a body nobody has. */
static bool is_others_turn(const struct http_conn *c, int phase, uint64_t *began)
{
	struct hub *h = c->site->kind.hub;

	if (c->request && phase != HTTP_BODY)
		return false;
	if (c->request)
		look_at_clock(h);
	if (*began == 0)
		*began = h->looked;
	return h->looked > *began + HUB_TURN;
}

static size_t on_data(struct stream *s, char *data, size_t len)
{
	struct http_conn *c = conn_of(s);
	uint64_t began = 0;
	size_t used = 0;

	while (stream_is_open(s) && s->kind == &c->site->kind) {
		if (!c->request && (used == len || !open_next(c)))
			break;
		struct portico_request *r = c->request;
		if (r->reply == HTTP_REPLY_ENDED) {
			finish(c, len - used);   /* from elsewhere, since we were here last */
			continue;
		}
		int phase = r->phase;
		size_t n = http_read(r, data + used, len - used);
		used += n;
		if (r->reply == HTTP_REPLY_ENDED)
			finish(c, len - used);
		else if (n == 0 && r->phase == phase)
			break;
		if (used < len && is_others_turn(c, phase, &began)) {
			stream_retry(s);
			break;
		}
	}
	if (!stream_is_open(s))
		return len;
	if (s->kind != &c->site->kind)
		return used;     /* the rest is the WebSocket's */
	stream_expect(s, http_expected(c));
	if (is_over(c, len - used))
		stream_close(s, true);
	return used;
}

static void on_eof(struct stream *s)
{
	if (is_over(conn_of(s), buf_len(&s->in)))
		stream_close(s, true);
}

static void on_drained(struct stream *s)
{
	struct http_conn *c = conn_of(s);
	struct portico_request *r = c->request;

	if (!r) {
		stream_retry(s);
		return;
	}
	if (r->reply != HTTP_REPLY_BEGUN || !r->handler || !r->handler->plugin.http_drained)
		return;
	handler_enter(r->handler, PULSE_HTTP_DRAINED);
	r->handler->plugin.http_drained(r);
	handler_leave(r->handler);
	if (r->reply == HTTP_REPLY_ENDED)
		stream_retry(s);
}

/* A look at a body that is coming in. */
static bool keeps_pace(struct portico_request *r)
{
	const struct http_site *site = r->conn->site;

	return r->conn->conn.stream.expects == &site->paces
		&& !pace_is_slow(&site->arriving, &r->pace, r->body_size);
}

static void on_late(struct stream *s)
{
	struct http_conn *c = conn_of(s);
	struct portico_request *r = c->request;

	if (stream_queued(s) > 0) {
		s->kind->counts->errors[ERROR_TIMEOUT]++;
		stream_abort(s);
		return;
	}
	if (is_idle(c)) {
		if (s->retry)
			stream_renew(s);         /* it is our turn that is late */
		else
			stream_close(s, false);
		return;
	}
	if (keeps_pace(r))
		return;
	http_read_late(r);
	if (r->reply == HTTP_REPLY_ENDED)
		finish(c, buf_len(&s->in));
}

static void on_closed(struct stream *s)
{
	struct http_conn *c = conn_of(s);

	if (c->request) {
		log_request(c->request, false);
		http_request_close(c->request);
	}
	if (c->socket)
		ws_end(c->socket);
	if (c->declined)
		c->site->declined--;
	else
		limits_leave(&c->site->limits, c->conn.client);
	http_memo_drop(c);
	spares_give(&c->site->spares, c);
}

const struct stream_ops http_ops = {
	.data = on_data,
	.eof = on_eof,
	.drained = on_drained,
	.late = on_late,
	.closed = on_closed,
};
