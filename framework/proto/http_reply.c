/* SPDX-License-Identifier: MIT */
/*
 * http_reply.c - the reply side of an HTTP exchange: fixed and chunked bodies.
 *
 * A handler cannot break the framing: a body that is not as long as
 * announced ends the connection with a reset, so that the client sees that it was cut.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "proto/handler.h"
#include "proto/http_reply_head.h"

enum {
	CHUNK_ROOM = 20,         /* size line and the CRLF of one chunk */
	JOINED_BODY = 8192,      /* bodies up to this size are copied behind their head */
};

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

static int reply_joined(struct portico_request *r, int status, struct http_type type,
	const void *body, size_t len)
{
	char *at = http_reply_begin(r, status, type, (int64_t)len, len);
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
static int reply_apart(struct portico_request *r, int status, struct http_type type,
	const void *body, size_t len)
{
	struct stream *s = &r->conn->conn.stream;

	if (len > INT64_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (http_reply_may_begin(r, (int64_t)len) < 0)
		return -1;
	/* Before the head is out: after it nothing else could be said. */
	size_t need = stream_queued(s) + HTTP_HEAD_ROOM + type.len + buf_len(&r->headers) + len;
	if (need > s->kind->max_queue) {
		errno = ENOBUFS;
		return -1;
	}
	char *at = http_reply_begin(r, status, type, (int64_t)len, 0);
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
static int reply(struct portico_request *r, int status, struct http_type type, const void *body,
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
	struct http_type whole = { .text = type, .len = type ? strlen(type) : 0 };

	if (!type || http_is_value(whole.text, whole.len))
		return reply(r, status, whole, body, len);
	errno = EINVAL;
	return -1;
}

static const struct http_type text_type = { http_type_text, sizeof(http_type_text) - 1 };

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
	char *at = http_reply_begin(r, status, (struct http_type){0}, length, 0);
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
