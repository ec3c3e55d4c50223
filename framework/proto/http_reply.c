/* SPDX-License-Identifier: MIT */
/*
 * http_reply.c - the reply side of an HTTP exchange: head, fixed and chunked
 * bodies.
 *
 * portico alone writes what frames a message: Content-Length,
 * Transfer-Encoding, Connection, Date and Server.  A handler cannot break the framing: header
 * names and values are checked, and a body that is not as long as announced ends the
 * connection with a reset, so that the client sees that it was cut.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "proto/handler.h"
#include "proto/http_request.h"
#include "proto/http_skip.h"

enum {
	HEAD_ROOM = 256 + HTTP_SERVER_MOST, /* what portico itself writes into a head, at most */
	CHUNK_ROOM = 20,         /* size line and the CRLF of one chunk */
	JOINED_BODY = 8192,      /* bodies up to this size are copied behind their head */
};

static const char *reason(int status)
{
	switch (status) {
	case 200: return "OK";
	case 201: return "Created";
	case 202: return "Accepted";
	case 204: return "No Content";
	case 205: return "Reset Content";
	case 206: return "Partial Content";
	case 301: return "Moved Permanently";
	case 302: return "Found";
	case 303: return "See Other";
	case 304: return "Not Modified";
	case 307: return "Temporary Redirect";
	case 308: return "Permanent Redirect";
	case 400: return "Bad Request";
	case 401: return "Unauthorized";
	case 403: return "Forbidden";
	case 404: return "Not Found";
	case 405: return "Method Not Allowed";
	case 406: return "Not Acceptable";
	case 408: return "Request Timeout";
	case 409: return "Conflict";
	case 410: return "Gone";
	case 411: return "Length Required";
	case 412: return "Precondition Failed";
	case 413: return "Content Too Large";
	case 414: return "URI Too Long";
	case 415: return "Unsupported Media Type";
	case 416: return "Range Not Satisfiable";
	case 417: return "Expectation Failed";
	case 422: return "Unprocessable Content";
	case 426: return "Upgrade Required";
	case 429: return "Too Many Requests";
	case 431: return "Request Header Fields Too Large";
	case 500: return "Internal Server Error";
	case 501: return "Not Implemented";
	case 502: return "Bad Gateway";
	case 503: return "Service Unavailable";
	case 504: return "Gateway Timeout";
	case 505: return "HTTP Version Not Supported";
	default: return "";      /* the reason may be empty: RFC 9112, 4 */
	}
}

/* ---- the head ---- */

static char *put(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

#define PUT(at, literal) put(at, literal, sizeof(literal) - 1)

static char *put_number(char *at, uint64_t n)
{
	char digits[20];
	unsigned count = 0;

	do
		digits[count++] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

static char *put_status(char *at, int status)
{
	if (status == 200)
		return PUT(at, "HTTP/1.1 200 OK\r\n");
	const char *text = reason(status);
	at = PUT(at, "HTTP/1.1 ");
	at = put_number(at, (uint64_t)status);
	*at++ = ' ';
	at = put(at, text, strlen(text));
	return PUT(at, "\r\n");
}

/* RFC 9110, 5.6.7.  Not by strftime(3): a plugin may set another locale. */
static size_t make_date(time_t now, char *out, size_t size)
{
	static const char days[] = "SunMonTueWedThuFriSat";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm t;

	gmtime_r(&now, &t);
	return (size_t)snprintf(out, size, "Date: %.3s, %02d %.3s %04d %02d:%02d:%02d GMT\r\n",
		days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon, t.tm_year + 1900,
		t.tm_hour, t.tm_min, t.tm_sec);
}

static void make_stamp(struct http_site *site, time_t now)
{
	const char *server = site->bounds.server;

	site->second = now;
	site->stamp_len = make_date(now, site->stamp, sizeof(site->stamp));
	if (server)
		site->stamp_len += (size_t)snprintf(site->stamp + site->stamp_len,
			sizeof(site->stamp) - site->stamp_len, "Server: %.*s\r\n",
			HTTP_SERVER_MOST, server);
}

/* Made once a second: what is the same in every head. */
static char *put_stamp(struct http_site *site, char *at)
{
	time_t now = (time_t)ev_now(site->kind.hub->loop);

	if (now != site->second || site->stamp_len == 0)
		make_stamp(site, now);
	return put(at, site->stamp, site->stamp_len);
}

static char *put_connection(const struct portico_request *r, char *at)
{
	if (!r->keep_alive)
		return PUT(at, "Connection: close\r\n");
	if (r->head.minor == 0)
		return PUT(at, "Connection: keep-alive\r\n");
	return at;
}

static char *put_framing(const struct portico_request *r, char *at, int status, int64_t length)
{
	if (status == 204 || (status == 304 && length <= 0))
		return at;       /* RFC 9110, 8.6 and 15.4.5 */
	if (status == 205)       /* 15.3.6: it says that there is nothing */
		return PUT(at, "Content-Length: 0\r\n");
	if (r->chunked)
		return PUT(at, "Transfer-Encoding: chunked\r\n");
	if (length < 0)
		return at;       /* until the connection ends */
	at = PUT(at, "Content-Length: ");
	at = put_number(at, (uint64_t)length);
	return PUT(at, "\r\n");
}

static int may_begin(const struct portico_request *r, int status, int64_t length)
{
	if (r->reply != HTTP_NO_REPLY)
		errno = EALREADY;
	else if (status < 200 || status > 599 || length < PORTICO_CHUNKED)
		errno = EINVAL;
	else if (!stream_is_open(&r->conn->conn.stream))
		errno = EPIPE;
	else
		return 0;
	return -1;
}

/* RFC 9110, 15.3.5, 15.3.6 and 15.4.5. */
static bool has_no_content(int status)
{
	return status == 204 || status == 205 || status == 304;
}

static bool is_last(const struct http_conn *c)
{
	uint32_t most = c->site->bounds.max_requests;

	return most > 0 && c->requests >= most;
}

/* Decides what the head will say.  A reply that comes before all of the
 * request's body is the last one: what is left of that body cannot be told
 * from a next request without reading it all. */
static void decide_framing(struct portico_request *r, int status, int64_t length)
{
	if (has_no_content(status))
		r->no_body = true;
	r->chunked = length < 0 && r->head.minor >= 1 && status != 205;
	if (length < 0 && !r->chunked && !r->no_body)
		r->keep_alive = false;
	if (r->phase != HTTP_ANSWER || r->conn->site->draining || is_last(r->conn))
		r->keep_alive = false;
	r->reply_left = length;
}

/* Writes the head and leaves room for extra bytes behind it.  NULL and errno. */
static char *begin(struct portico_request *r, int status, const char *type, int64_t length,
	size_t extra)
{
	size_t type_len = type ? strlen(type) : 0;
	size_t headers = buf_len(&r->headers);

	char *at = stream_reserve(&r->conn->conn.stream, HEAD_ROOM + type_len + headers + extra);
	if (!at)
		return NULL;
	decide_framing(r, status, length);
	r->status = (uint16_t)status;
	at = put_status(at, status);
	at = put_stamp(r->conn->site, at);
	if (type) {
		at = PUT(at, "Content-Type: ");
		at = put(at, type, type_len);
		at = PUT(at, "\r\n");
	}
	at = put_framing(r, at, status, length);
	at = put_connection(r, at);
	if (headers > 0)
		at = put(at, buf_head(&r->headers), headers);
	r->reply = HTTP_REPLY_BEGUN;
	return PUT(at, "\r\n");
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

/* ---- header lines of the handler's ---- */

static bool is_token(const char *s, size_t len)
{
	return len > 0 && http_skip(s, s + len, HTTP_TOKEN) == s + len;
}

static bool is_value(const char *s, size_t len)
{
	return http_skip(http_skip_value(s, s + len), s + len, HTTP_VALUE) == s + len;
}

static bool is_named(const char *name, size_t len, const char *other)
{
	return len == strlen(other) && strcasecmp(name, other) == 0;
}

static bool is_ours(const char *name, size_t len)
{
	return is_named(name, len, "Connection") || is_named(name, len, "Content-Length")
		|| is_named(name, len, "Date") || is_named(name, len, "Keep-Alive")
		|| is_named(name, len, "Server") || is_named(name, len, "Transfer-Encoding")
		|| is_named(name, len, "Upgrade");
}

int portico_reply_header(struct portico_request *r, const char *name, const char *value)
{
	size_t name_len = strlen(name), value_len = strlen(value), need = name_len + value_len + 4;

	if (r->reply != HTTP_NO_REPLY) {
		errno = EALREADY;
		return -1;
	}
	if (!is_token(name, name_len) || !is_value(value, value_len) || is_ours(name, name_len)) {
		errno = EINVAL;
		return -1;
	}
	if (buf_reserve(&r->headers, need) < 0)
		return -1;
	char *at = buf_tail(&r->headers);
	at = put(at, name, name_len);
	at = PUT(at, ": ");
	at = put(at, value, value_len);
	PUT(at, "\r\n");
	buf_added(&r->headers, need);
	r->typed = r->typed || is_named(name, name_len, "Content-Type");
	return 0;
}

/* ---- replies ---- */

/* Whoever streams is told when there is room, from the head on. */
static void tell_drained(struct portico_request *r)
{
	if (r->handler && r->handler->plugin.http_drained)
		stream_tell_drained(&r->conn->conn.stream);
}

static int write_joined(struct portico_request *r, int status, const char *type,
	const void *body, size_t len)
{
	char *at = begin(r, status, type, (int64_t)len, len);
	if (!at)
		return -1;
	if (!r->no_body && len > 0) {
		at = put(at, body, len);
		r->body_sent = len;
	}
	filled(r, at);
	return 0;
}

/* A large body goes to the socket from where it is, its head in front of it. */
static int write_apart(struct portico_request *r, int status, const char *type,
	const void *body, size_t len)
{
	struct stream *s = &r->conn->conn.stream;

	/* Before the head is out: after it nothing else could be said. */
	size_t need = stream_queued(s) + HEAD_ROOM + (type ? strlen(type) : 0)
		+ buf_len(&r->headers) + len;
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
static int reply(struct portico_request *r, int status, const char *type, const void *body,
	size_t len)
{
	if (type && r->typed) {
		errno = EINVAL;
		return -1;
	}
	if (len > INT64_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if (may_begin(r, status, (int64_t)len) < 0)
		return -1;
	int result = len <= JOINED_BODY ? write_joined(r, status, type, body, len)
					: write_apart(r, status, type, body, len);
	if (result == 0)
		end(r);
	return result;
}

int portico_reply(struct portico_request *r, int status, const char *type,
	const void *body, size_t len)
{
	if (!type || is_value(type, strlen(type)))
		return reply(r, status, type, body, len);
	errno = EINVAL;
	return -1;
}

int portico_reply_text(struct portico_request *r, int status, const char *text)
{
	return reply(r, status, "text/plain; charset=utf-8", text, strlen(text));
}

int http_reply_error(struct portico_request *r, int status, const char *why)
{
	char text[256];

	r->headers.start = r->headers.end = 0;
	r->typed = false;
	snprintf(text, sizeof(text), "%d %s: %s\n", status, reason(status), why);
	return portico_reply_text(r, status, text);
}

int portico_reply_begin(struct portico_request *r, int status, int64_t length)
{
	if (may_begin(r, status, length) < 0)
		return -1;
	char *at = begin(r, status, NULL, length, 0);
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

static int write_chunk(struct stream *s, const void *data, size_t len)
{
	char *at = stream_reserve(s, len + CHUNK_ROOM);
	if (!at)
		return -1;
	char *start = at;
	at += snprintf(at, CHUNK_ROOM, "%zx\r\n", len);
	at = put(at, data, len);
	at = PUT(at, "\r\n");
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
