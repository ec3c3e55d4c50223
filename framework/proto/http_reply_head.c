/* SPDX-License-Identifier: MIT */
/*
 * http_reply_head.c - the head of a reply: what it says, and how the body behind it ends.
 *
 * portico alone writes what frames a message: Content-Length, Transfer-Encoding and
 * Connection.
 */
#include "proto/http_reply_head.h"

#include <stdint.h>
#include <string.h>

#include "proto/handler.h"

static const struct http_type no_type;

static char *put_connection(const struct portico_request *r, char *at)
{
	if (!r->keep_alive)
		return HTTP_PUT(at, "Connection: close\r\n");
	if (r->head->minor == 0)
		return HTTP_PUT(at, "Connection: keep-alive\r\n");
	return at;
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
		r->chunked = r->head->minor >= 1 && !no_content;
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
static char *put_type(char *at, struct http_type type)
{
	at = HTTP_PUT(at, "Content-Type: ");
	at = http_put(at, type.text, type.len);
	return HTTP_PUT(at, "\r\n");
}

static bool is_kept(struct http_type type)
{
	return type.len <= HTTP_TYPE_MOST;
}

static struct http_ready *find_ready(struct http_site *site, int status, struct http_type type)
{
	if (!is_kept(type))
		type = no_type;
	return http_ready_find(&site->ready, (int64_t)ev_now(site->kind.hub->loop), status,
		type.text, type.len);
}

/* From the status line to the length. */
static char *put_start(const struct portico_request *r, char *at, struct http_ready *ready,
	struct http_type type, int64_t length)
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

char *http_reply_begin(struct portico_request *r, int status, struct http_type type,
	int64_t length, size_t extra)
{
	size_t headers = buf_len(&r->headers);

	if (http_reply_may_begin(r, length) < 0)
		return NULL;
	struct http_ready *ready = find_ready(r->conn->site, status, type);
	if (!ready)
		return NULL;
	char *at = stream_reserve(&r->conn->conn.stream, HTTP_HEAD_ROOM + type.len + headers + extra);
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
