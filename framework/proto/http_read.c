/* SPDX-License-Identifier: MIT */
/*
 * http_read.c - one request: its head, its body, and the handler that gets them.
 */
#include "proto/http_request.h"

#include <errno.h>
#include <stdio.h>

#include "proto/handler.h"
#include "proto/http_allow.h"
#include "sys/counts.h"

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
static __attribute__((cold)) void refuse(struct portico_request *r, int status, const char *why)
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
static __attribute__((cold)) void handler_failed(struct portico_request *r)
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
	if (result == PORTICO_LATER || r->reply == HTTP_REPLY_ENDED
		|| !stream_is_open(&r->conn->conn.stream))
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

	if (r->head->expect_continue && rest == 0 && r->reply == HTTP_NO_REPLY)
		(void)stream_write(&r->conn->conn.stream, line, sizeof(line) - 1);
}

/* By the head and by what is the same for all requests of a site: http_memo.h. */
static enum http_verdict judge(struct portico_request *r)
{
	const struct http_site *site = r->conn->site;
	const struct http_head *h = r->head;

	if (h->form == HTTP_AUTHORITY)
		return HTTP_NO_PROXY;
	if (h->form == HTTP_ASTERISK)
		return HTTP_ANYTHING;
	r->handler = http_route_find(site->routes, site->route_count, r->text + h->host.at,
		h->host.len, r->path);
	if (!r->handler)
		return HTTP_NO_PATH;
	if (!http_allow_has(r->handler->plugin.methods, portico_request_method(r)))
		return HTTP_NO_METHOD;
	if (h->length > 0 && (uint64_t)h->length > site->bounds.max_body)
		return HTTP_TOO_LONG;
	return HTTP_FOUND;
}

/* It is for no handler. */
static void answer_alone(struct portico_request *r)
{
	switch ((enum http_verdict)r->verdict) {
	case HTTP_NO_PROXY:
		refuse(r, 501, "this is not a proxy");
		break;
	case HTTP_ANYTHING:
		answer_or_abort(r, http_allow_any(r));
		break;
	case HTTP_NO_PATH:
		answer_or_abort(r, http_reply_error(r, 404, "no handler has this path"));
		break;
	case HTTP_NO_METHOD:
		answer_or_abort(r, http_allow_refuse(r));
		break;
	case HTTP_TOO_LONG:
		refuse(r, 413, "the body is longer than this server takes");
		break;
	case HTTP_FOUND:
	case HTTP_RATED:
		break;
	}
}

/* RFC 6585, 4, and RFC 9110, 10.2.3: in seconds. */
static void refuse_for_now(struct portico_request *r, uint64_t wait)
{
	char seconds[24];

	snprintf(seconds, sizeof(seconds), "%llu", (wait + CLOCK_SECOND - 1) / CLOCK_SECOND);
	if (portico_reply_header(r, "Retry-After", seconds) < 0
		|| portico_reply_text(r, 429, "429 Too Many Requests: see Retry-After\n") < 0)
		stream_abort(&r->conn->conn.stream);
}

static bool is_over_rate(struct portico_request *r)
{
	const struct http_conn *c = r->conn;
	uint64_t wait;

	if (rate_allows(c->site->rate, c->rated, &c->conn.peer, tick_ns(&c->site->kind.hub->tick), &wait))
		return false;
	refuse_for_now(r, wait);
	return true;
}

/* What is wrong costs as much.  Where there is no rate nobody comes here who has a handler: it costs nothing. */
static __attribute__((noinline)) bool may_go_on(struct portico_request *r)
{
	if (r->verdict & HTTP_RATED && is_over_rate(r))
		return false;
	r->verdict &= (uint8_t)~HTTP_RATED;
	if (r->verdict == HTTP_FOUND)
		return true;
	answer_alone(r);
	return false;
}

static void begin_request(struct portico_request *r, size_t rest)
{
	r->phase = http_request_has_body(r) ? HTTP_BODY : HTTP_ANSWER;
	if (r->verdict != HTTP_FOUND && !may_go_on(r))
		return;
	if (make_state(r) < 0) {
		refuse(r, 503, "no memory");
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

/* The head's length; 0 if more is to come, -1 if it is refused.  Apart, as read_body() is: who needs neither
 * has no registers to save for them. */
static __attribute__((noinline)) ssize_t read_own_head(struct portico_request *r, const char *data, size_t len)
{
	if (!r->head) {
		http_head_init(&r->own);
		r->head = &r->own;
	}
	ssize_t n = http_head_parse(&r->own, data, len, &r->conn->site->bounds.head);
	if (n == 0)
		return 0;
	if (n < 0) {
		keep_line(r, data, len);
		refuse(r, r->own.status, r->own.why);
		return -1;
	}
	if (http_request_take_head(r, data, (size_t)n) < 0) {
		if (errno == EINVAL)
			refuse(r, 400, "the path is not valid");
		else
			refuse(r, 503, "no memory");
		return -1;
	}
	r->verdict = (uint8_t)(judge(r) | (r->conn->site->rate ? HTTP_RATED : 0));
	if (r->keep_alive)
		http_memo_note(r, data, (size_t)n);
	return n;
}

static size_t read_head(struct portico_request *r, const char *data, size_t len)
{
	if (!r->head || !http_head_is_begun(r->head))
		r->began = r->conn->site->kind.hub->woke;
	ssize_t n = 0;

	if (!r->head && r->conn->recall.memo)
		n = (ssize_t)http_memo_take(r, data, len);
	if (n == 0)
		n = read_own_head(r, data, len);
	if (n == 0)
		return 0;
	if (n < 0)
		return len;
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
	uint64_t left = (uint64_t)r->head->length - r->body_size;

	size_t used = take_piece(r, data, len < left ? len : (size_t)left);
	if (r->body_size == (uint64_t)r->head->length && r->reply != HTTP_REPLY_ENDED
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

static __attribute__((noinline)) size_t read_body(struct portico_request *r, const char *data, size_t len)
{
	if (r->body_held || len == 0)
		return 0;
	return r->head->chunked ? read_chunked(r, data, len) : read_fixed(r, data, len);
}

/* ---- either ---- */

size_t http_read(struct portico_request *r, char *data, size_t len)
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

void http_read_late(struct portico_request *r)
{
	const struct buf *in = &r->conn->conn.stream.in;

	if (r->phase == HTTP_HEAD)
		keep_line(r, buf_head(in), buf_len(in));
	refuse(r, 408, "the request did not come in time");
}
