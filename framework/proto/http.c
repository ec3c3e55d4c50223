/* SPDX-License-Identifier: MIT */
/*
 * http.c - the HTTP/1.1 connection: reads requests off a stream, one after
 * another, hands each to its handler, and goes on when its reply is whole.
 *
 * All of it is one function of the unused input, on_data(): it is called
 * when input arrives and, by stream_retry(), when a reply or a resume from elsewhere
 * lets it go on.
 */
#include "proto/http_request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "proto/handler.h"
#include "proto/http_allow.h"
#include "sys/counts.h"

static struct http_conn *conn_of(struct stream *s)
{
	return (struct http_conn *)s;
}

/* ---- refusals ---- */

static void count_refusal(const struct portico_request *r, int status)
{
	uint64_t *errors = r->conn->site->kind.counts->errors;

	if (status == 503)
		errors[ERROR_MEMORY]++;
	else if (status == 408)
		errors[ERROR_TIMEOUT]++;
	else if (status != 500)          /* whose cause is counted where it is told */
		errors[ERROR_PROTOCOL]++;
}

/* The last reply of this connection, by portico itself. */
static void refuse(struct portico_request *r, int status, const char *why)
{
	count_refusal(r, status);
	r->keep_alive = false;
	if (r->reply != HTTP_NO_REPLY || http_reply_error(r, status, why) < 0)
		stream_abort(&r->conn->conn.stream);
}

/* portico's own answer that does not end the connection; result is what the
 * attempt gave: without an answer nothing could ever follow. */
static void answer_or_abort(struct portico_request *r, int result)
{
	if (result < 0)
		stream_abort(&r->conn->conn.stream);
}

/* A callback gave -1. */
static void handler_failed(struct portico_request *r)
{
	if (r->reply == HTTP_REPLY_ENDED)
		return;
	refuse(r, 500, "the handler failed");
}

/* ---- routing ---- */

static int make_state(struct portico_request *r)
{
	r->conn->conn.handler = r->handler;
	if (r->handler->plugin.request_size == 0)
		return 0;
	r->state = arena_zalloc(&r->arena, r->handler->plugin.request_size);
	return r->state ? 0 : -1;
}

/* ---- calling the handler ---- */

static void call_request(struct portico_request *r)
{
	struct portico_service *h = r->handler;

	r->phase = HTTP_ANSWER;
	if (r->reply == HTTP_REPLY_ENDED)
		return;
	r->shown = true;
	handler_enter(h, PULSE_HTTP_REQUEST);
	errno = 0;
	int result = h->plugin.http_request(r);
	handler_leave(h);
	if (result == PORTICO_LATER || r->reply == HTTP_REPLY_ENDED)
		return;
	if (result < 0)
		handler_gave_up(h, "http_request()");
	else if (r->reply == HTTP_REPLY_BEGUN)
		handler_broke_contract(h, "http_request() gave 0 with its reply begun and not ended; "
			"return PORTICO_LATER until portico_reply_end()");
	else
		handler_broke_contract(h, "http_request() returned without a reply; "
			"return PORTICO_LATER to reply later");
	handler_failed(r);
}

static void call_begin(struct portico_request *r)
{
	struct portico_service *h = r->handler;

	if (!h->plugin.http_begin)
		return;
	r->shown = true;
	handler_enter(h, PULSE_HTTP_BEGIN);
	errno = 0;
	int result = h->plugin.http_begin(r);
	handler_leave(h);
	if (result >= 0)
		return;
	if (r->reply != HTTP_REPLY_ENDED)
		handler_gave_up(h, "http_begin()");
	handler_failed(r);
}

/* ---- the head ---- */

/* RFC 9110, 10.1.1: only when the body is wanted and has not begun to come. */
static void say_continue(struct portico_request *r, size_t rest)
{
	static const char line[] = "HTTP/1.1 100 Continue\r\n\r\n";

	if (r->head.expect_continue && rest == 0 && r->reply == HTTP_NO_REPLY)
		(void)stream_write(&r->conn->conn.stream, line, sizeof(line) - 1);
}

static void begin_request(struct portico_request *r, size_t rest)
{
	const struct http_site *site = r->conn->site;

	r->phase = http_request_has_body(r) ? HTTP_BODY : HTTP_ANSWER;
	if (r->head.form == HTTP_AUTHORITY) {
		refuse(r, 501, "this is not a proxy");
		return;
	}
	if (r->head.form == HTTP_ASTERISK) {
		answer_or_abort(r, http_allow_any(r));
		return;
	}
	r->handler = http_route_find(site->routes, site->route_count, r->text + r->head.host.at,
		r->head.host.len, r->path);
	if (r->handler && !http_allow_has(r->handler->plugin.methods, portico_request_method(r))) {
		answer_or_abort(r, http_allow_refuse(r));
		return;
	}
	if (!r->handler) {
		answer_or_abort(r, http_reply_error(r, 404, "no handler has this path"));
		return;
	}
	if (make_state(r) < 0) {
		refuse(r, 503, "no memory");
		return;
	}
	if (r->head.length > 0 && (uint64_t)r->head.length > site->bounds.max_body) {
		refuse(r, 413, "the body is longer than this server takes");
		return;
	}
	call_begin(r);
	if (r->reply == HTTP_REPLY_ENDED || !stream_is_open(&r->conn->conn.stream))
		return;
	if (r->phase == HTTP_ANSWER)
		call_request(r);
	else
		say_continue(r, rest);
}

/* For the access log: what there is of a head that will not be read. */
static void keep_line(struct portico_request *r, const char *data, size_t len)
{
	if (r->conn->site->access.scribe)
		http_access_keep(r, data, len);
}

static size_t read_head(struct portico_request *r, const char *data, size_t len)
{
	if (!http_head_is_begun(&r->head))
		r->began = r->conn->site->kind.hub->woke;
	ssize_t n = http_head_parse(&r->head, data, len, &r->conn->site->bounds.head);

	if (n == 0)
		return 0;
	if (n < 0) {
		keep_line(r, data, len);
		refuse(r, r->head.status, r->head.why);
		return len;
	}
	if (http_request_take_head(r, data, (size_t)n) < 0) {
		if (errno == EINVAL)
			refuse(r, 400, "the path is not valid");
		else
			refuse(r, 503, "no memory");
		return (size_t)n;
	}
	begin_request(r, len - (size_t)n);
	return (size_t)n;
}

/* ---- the body ---- */

static size_t collect(struct portico_request *r, const char *data, size_t len)
{
	if (buf_append(&r->body, data, len) < 0)
		refuse(r, 503, "no memory");
	return len;
}

static size_t stream_piece(struct portico_request *r, const char *data, size_t len)
{
	struct portico_service *h = r->handler;

	r->shown = true;
	r->body_held = true;     /* unless it says otherwise, even from inside */
	handler_enter(h, PULSE_HTTP_BODY);
	errno = 0;
	ssize_t used = h->plugin.http_body(r, data, len);
	handler_leave(h);
	if ((size_t)used == len)
		r->body_held = false;
	if (used >= 0 && (size_t)used <= len)
		return (size_t)used;
	if (used > 0)
		handler_broke_contract(h, "http_body() says it used more than there was");
	else if (r->reply != HTTP_REPLY_ENDED)
		handler_gave_up(h, "http_body()");
	handler_failed(r);
	return len;
}

/* A piece of body; gives how much of it was used. */
static size_t take_piece(struct portico_request *r, const char *data, size_t len)
{
	if (len > r->conn->site->bounds.max_body - r->body_size) {
		refuse(r, 413, "the body is longer than this server takes");
		return len;
	}
	size_t used = r->handler->plugin.http_body ? stream_piece(r, data, len)
						   : collect(r, data, len);
	r->body_size += used;
	return used;
}

static size_t read_fixed(struct portico_request *r, const char *data, size_t len)
{
	uint64_t left = (uint64_t)r->head.length - r->body_size;

	size_t used = take_piece(r, data, len < left ? len : (size_t)left);
	if (r->body_size == (uint64_t)r->head.length && r->reply != HTTP_REPLY_ENDED
		&& stream_is_open(&r->conn->conn.stream))
		call_request(r);
	return used;
}

static size_t read_chunked(struct portico_request *r, const char *data, size_t len)
{
	const char *piece;
	size_t piece_len, used;

	switch (http_chunk_next(&r->chunk, data, len, &used, &piece, &piece_len)) {
	case HTTP_CHUNK_DATA: {
		size_t left = piece_len - take_piece(r, piece, piece_len);
		http_chunk_give_back(&r->chunk, left);
		return used - left;
	}
	case HTTP_CHUNK_END:
		call_request(r);
		return used;
	case HTTP_CHUNK_BAD:
		refuse(r, 400, "the chunked coding of the body is broken");
		return len;
	case HTTP_CHUNK_MORE:
		break;
	}
	return used;
}

static size_t read_body(struct portico_request *r, const char *data, size_t len)
{
	if (r->body_held || len == 0)
		return 0;
	return r->head.chunked ? read_chunked(r, data, len) : read_fixed(r, data, len);
}

/* ---- one request after another ---- */

/* The client has said that it will send no more behind this request, the request is whole, and
 * it keeps its word so far: nothing is behind it (RFC 9112, 9.6). */
static bool is_last_word(const struct portico_request *r, size_t rest)
{
	return r->phase == HTTP_ANSWER && !r->head.keep_alive && rest == 0;
}

static void log_request(struct portico_request *r, bool whole)
{
	if (r->conn->site->access.scribe)
		http_access_tell(r, whole);
}

static void count_request(const struct portico_request *r)
{
	struct counts *counts = r->conn->site->kind.counts;

	counts->requests[r->status / 100 - 1]++;
	latency_add(&counts->latency, (clock_ns() - r->began) / 1000, 1);
}

/* rest: bytes of input behind the request. */
static void finish(struct http_conn *c, size_t rest)
{
	struct portico_request *r = c->request;
	bool keep_alive = r->keep_alive;
	bool hasty = is_last_word(r, rest);

	stream_renew(&c->conn.stream);   /* a next head or body has its own time */
	count_request(r);
	log_request(r, true);
	c->request = NULL;
	http_request_close(r);
	if (c->socket)
		ws_begin(c->socket);
	else if (!keep_alive)
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

/* Goes one step on with the request in hand.  Gives how much input it used. */
static size_t advance(struct portico_request *r, char *data, size_t len)
{
	switch (r->phase) {
	case HTTP_HEAD:
		return read_head(r, data, len);
	case HTTP_BODY:
		return read_body(r, data, len);
	default:
		return 0;
	}
}

static bool is_idle(const struct http_conn *c)
{
	return !c->request || !http_head_is_begun(&c->request->head);
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

	if (!c->conn.stream.eof)
		return false;
	if (!r)
		return rest == 0;
	return r->phase == HTTP_HEAD || (r->phase == HTTP_BODY && !r->body_held);
}

static size_t on_data(struct stream *s, char *data, size_t len)
{
	struct http_conn *c = conn_of(s);
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
		size_t n = advance(r, data + used, len - used);
		used += n;
		if (r->reply == HTTP_REPLY_ENDED)
			finish(c, len - used);
		else if (n == 0 && r->phase == phase)
			break;
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
		stream_close(s, false);
		return;
	}
	if (keeps_pace(r))
		return;
	if (r->phase == HTTP_HEAD)
		keep_line(r, buf_head(&s->in), buf_len(&s->in));
	refuse(r, 408, "the request did not come in time");
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
	free(c);
}

const struct stream_ops http_ops = {
	.data = on_data,
	.eof = on_eof,
	.drained = on_drained,
	.late = on_late,
	.closed = on_closed,
};
