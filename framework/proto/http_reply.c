/* SPDX-License-Identifier: MIT */
/*
 * http_reply.c - the reply side of an HTTP exchange: head, fixed and chunked
 * bodies.
 *
 * portico alone writes what frames a message: Content-Length, Transfer-Encoding and
 * Connection.  A handler cannot break the framing: a body that is not as long as
 * announced ends the connection with a reset, so that the client sees that it was cut.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/handler.h"
#include "proto/http_request.h"

enum {
	HEAD_ROOM = 256 + HTTP_SERVER_MOST, /* what portico itself writes into a head, at most */
	CHUNK_ROOM = 20,         /* size line and the CRLF of one chunk */
	JOINED_BODY = 8192,      /* bodies up to this size are copied behind their head */
};

/* Empty, or borrowed until the head is written. */
struct type {
	const char *text;
	size_t      len;
};

static const struct type no_type;

static struct type type_of(const char *text)
{
	return (struct type){ .text = text, .len = text ? strlen(text) : 0 };
}

/* ---- the head ---- */

static char *put_connection(const struct portico_request *r, char *at)
{
	if (!r->keep_alive)
		return HTTP_PUT(at, "Connection: close\r\n");
	if (r->head.minor == 0)
		return HTTP_PUT(at, "Connection: keep-alive\r\n");
	return at;
}

static inline int may_begin(const struct portico_request *r, int64_t length)
{
	if (r->reply != HTTP_NO_REPLY)
		errno = EALREADY;
	else if (length < PORTICO_CHUNKED)
		errno = EINVAL;
	else if (!stream_is_open(&r->conn->conn.stream))
		errno = EPIPE;
	else
		return 0;
	return -1;
}

static bool is_last(const struct http_conn *c)
{
	uint32_t most = c->site->bounds.max_requests;

	return most > 0 && c->requests >= most;
}

/* Decides what the head will say.  A reply that comes before all of the
 * request's body is the last one: what is left of that body cannot be told
 * from a next request without reading it all. */
static void decide_framing(struct portico_request *r, bool no_content, int64_t length)
{
	if (no_content)
		r->no_body = true;
	if (length < 0) {
		r->chunked = r->head.minor >= 1 && !no_content;
		if (!r->chunked && !r->no_body)
			r->keep_alive = false;
	}
	if (r->phase != HTTP_ANSWER || r->conn->site->draining || is_last(r->conn))
		r->keep_alive = false;
	r->reply_left = length;
}

/* What Content-Length says; -1: it is not there. */
static int64_t told_length(const struct http_ready *ready, int64_t length)
{
	if (!ready->no_content)
		return length;
	if (ready->status == 205)        /* RFC 9110, 15.3.6: it says that there is nothing */
		return 0;
	return ready->status == 304 && length > 0 ? length : -1;        /* 8.6 and 15.4.5 */
}

/* A type too long to be kept. */
static char *put_type(char *at, struct type type)
{
	at = HTTP_PUT(at, "Content-Type: ");
	at = http_put(at, type.text, type.len);
	return HTTP_PUT(at, "\r\n");
}

static bool is_kept(struct type type)
{
	return type.len <= HTTP_TYPE_MOST;
}

static struct http_ready *find_ready(struct http_site *site, int status, struct type type)
{
	if (!is_kept(type))
		type = no_type;
	return http_ready_find(&site->ready, (int64_t)ev_now(site->kind.hub->loop), status,
		type.text, type.len);
}

/* From the status line to the length. */
static char *put_start(const struct portico_request *r, char *at, struct http_ready *ready,
	struct type type, int64_t length)
{
	int64_t told = told_length(ready, length);

	if (told >= 0 && is_kept(type))
		return http_ready_put(ready, at, told);
	at = http_put(at, ready->text, ready->len);
	if (!is_kept(type))
		at = put_type(at, type);
	if (told >= 0)
		return http_put_length(at, told);
	if (r->chunked)
		return HTTP_PUT(at, "Transfer-Encoding: chunked\r\n");
	return at;               /* until the connection ends, or there is nothing */
}

/* Writes the head and leaves room for extra bytes behind it.  NULL and errno. */
static inline char *begin(struct portico_request *r, int status, struct type type, int64_t length,
	size_t extra)
{
	size_t headers = buf_len(&r->headers);

	if (may_begin(r, length) < 0)
		return NULL;
	struct http_ready *ready = find_ready(r->conn->site, status, type);
	if (!ready)
		return NULL;
	char *at = stream_reserve(&r->conn->conn.stream, HEAD_ROOM + type.len + headers + extra);
	if (!at)
		return NULL;
	decide_framing(r, ready->no_content, length);
	r->status = ready->status;
	at = put_start(r, at, ready, type, length);
	at = put_connection(r, at);
	if (headers > 0)
		at = http_put(at, buf_head(&r->headers), headers);
	r->reply = HTTP_REPLY_BEGUN;
	return HTTP_PUT(at, "\r\n");
}

/* The bytes from the end of the queue up to at are filled in. */
static void filled(struct portico_request *r, const char *at)
{
	struct stream *s = &r->conn->conn.stream;
	stream_wrote(s, (size_t)(at - buf_tail(&s->out)));
}

static void end(struct portico_request *r)
{
	r->reply = HTTP_REPLY_ENDED;
	/* Inside its own callbacks the connection sees it by itself. */
	if (!r->conn->conn.stream.held)
		stream_retry(&r->conn->conn.stream);
}

/* ---- replies ---- */

/* Whoever streams is told when there is room, from the head on. */
static void tell_drained(struct portico_request *r)
{
	if (r->handler && r->handler->plugin.http_drained)
		stream_tell_drained(&r->conn->conn.stream);
}

static int reply_joined(struct portico_request *r, int status, struct type type,
	const void *body, size_t len)
{
	char *at = begin(r, status, type, (int64_t)len, len);
	if (!at)
		return -1;
	if (!r->no_body && len > 0) {
		at = http_put(at, body, len);
		r->body_sent = len;
	}
	filled(r, at);
	return 0;
}

/* A large body goes to the socket from where it is, its head in front of it. */
static int reply_apart(struct portico_request *r, int status, struct type type,
	const void *body, size_t len)
{
	struct stream *s = &r->conn->conn.stream;

	if (len > INT64_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (may_begin(r, (int64_t)len) < 0)
		return -1;
	/* Before the head is out: after it nothing else could be said. */
	size_t need = stream_queued(s) + HEAD_ROOM + type.len + buf_len(&r->headers) + len;
	if (need > s->kind->max_queue) {
		errno = ENOBUFS;
		return -1;
	}
	char *at = begin(r, status, type, (int64_t)len, 0);
	if (!at)
		return -1;
	filled(r, at);
	if (r->no_body)
		return 0;
	r->body_sent = len;
	if (stream_write(s, body, len) == 0)
		return 0;
	r->body_sent = 0;
	stream_abort(s);         /* the head is out and its body cannot follow */
	return -1;
}

/* type can stand in a head. */
static int reply(struct portico_request *r, int status, struct type type, const void *body,
	size_t len)
{
	if (type.text && r->typed) {
		errno = EINVAL;
		return -1;
	}
	int result = len <= JOINED_BODY ? reply_joined(r, status, type, body, len)
					: reply_apart(r, status, type, body, len);
	if (result == 0)
		end(r);
	return result;
}

int portico_reply(struct portico_request *r, int status, const char *type,
	const void *body, size_t len)
{
	struct type whole = type_of(type);

	if (!type || http_is_value(whole.text, whole.len))
		return reply(r, status, whole, body, len);
	errno = EINVAL;
	return -1;
}

static const struct type text_type = { http_type_text, sizeof(http_type_text) - 1 };

int portico_reply_text(struct portico_request *r, int status, const char *text)
{
	return reply(r, status, text_type, text, strlen(text));
}

int http_reply_error(struct portico_request *r, int status, const char *why)
{
	char text[256];

	r->headers.start = r->headers.end = 0;
	r->typed = false;
	snprintf(text, sizeof(text), "%d %s: %s\n", status, http_reason(status), why);
	return portico_reply_text(r, status, text);
}

int portico_reply_begin(struct portico_request *r, int status, int64_t length)
{
	char *at = begin(r, status, no_type, length, 0);
	if (!at)
		return -1;
	filled(r, at);
	tell_drained(r);
	return 0;
}

int http_reply_may_write(const struct portico_request *r, uint64_t len)
{
	if (r->reply != HTTP_REPLY_BEGUN) {
		errno = r->reply == HTTP_NO_REPLY ? EINVAL : EALREADY;
		return -1;
	}
	if (r->reply_left >= 0 && len > (uint64_t)r->reply_left) {
		errno = EMSGSIZE;
		return -1;
	}
	return 0;
}

void http_reply_wrote(struct portico_request *r, uint64_t len)
{
	if (r->reply_left >= 0)
		r->reply_left -= (int64_t)len;
	if (!r->no_body)
		r->body_sent += len;
	tell_drained(r);
}

static char *put_hex(char *at, size_t n)
{
	int shift = 60 - (__builtin_clzll(n | 1) & ~3);

	for (; shift >= 0; shift -= 4)
		*at++ = "0123456789abcdef"[n >> shift & 15];
	return at;
}

static int write_chunk(struct stream *s, const void *data, size_t len)
{
	char *at = stream_reserve(s, len + CHUNK_ROOM);
	if (!at)
		return -1;
	char *start = at;
	at = put_hex(at, len);
	at = HTTP_PUT(at, "\r\n");
	at = http_put(at, data, len);
	at = HTTP_PUT(at, "\r\n");
	stream_wrote(s, (size_t)(at - start));
	return 0;
}

ssize_t portico_reply_write(struct portico_request *r, const void *data, size_t len)
{
	struct stream *s = &r->conn->conn.stream;

	if (http_reply_may_write(r, len) < 0)
		return -1;
	if (len == 0)
		return 0;        /* an empty chunk would be the last one */
	if (!r->no_body && (r->chunked ? write_chunk(s, data, len) : stream_write(s, data, len)) < 0)
		return -1;
	http_reply_wrote(r, len);
	return (ssize_t)len;
}

size_t portico_reply_room(const struct portico_request *r)
{
	const struct stream *s = &r->conn->conn.stream;
	size_t queued = stream_queued(s);

	return queued < s->kind->high_water ? s->kind->high_water - queued : 0;
}

int portico_reply_end(struct portico_request *r)
{
	struct stream *s = &r->conn->conn.stream;

	if (r->reply != HTTP_REPLY_BEGUN) {
		errno = r->reply == HTTP_NO_REPLY ? EINVAL : EALREADY;
		return -1;
	}
	if (r->reply_left > 0 && !r->no_body) {
		handler_broke_contract(r->handler,
			"portico_reply_end() before the announced length was written; connection cut");
		stream_abort(s);
		errno = EMSGSIZE;
		return -1;
	}
	if (r->chunked && !r->no_body && stream_write(s, "0\r\n\r\n", 5) < 0)
		return -1;
	end(r);
	return 0;
}
