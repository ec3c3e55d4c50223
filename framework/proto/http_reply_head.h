/* SPDX-License-Identifier: MIT */
/*
 * http_reply_head.h - the head of a reply, inside the http files.
 */
#ifndef PORTICO_PROTO_HTTP_REPLY_HEAD_H
#define PORTICO_PROTO_HTTP_REPLY_HEAD_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/handler.h"
#include "proto/http_request.h"

enum { HTTP_HEAD_ROOM = 256 + HTTP_SERVER_MOST }; /* what portico itself writes into one, at most */

/* All zero: none is told.  Borrowed until the head is written. */
struct http_type {
	const char *text;
	size_t      len;
};

/* 0, or -1 with EALREADY, EINVAL (no such length) or EPIPE. */
static inline int http_reply_may_begin(const struct portico_request *r, int64_t length)
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

/* Writes the head where the stream's output ends, with room for extra bytes behind it: its end,
 * which stream_wrote() is to be told.  length as of portico_reply_begin(); the type can stand in a head.
 * NULL and errno: as above, EINVAL (no such status) or as stream_reserve(). */
char *http_reply_begin(struct portico_request *r, int status, struct http_type type,
	int64_t length, size_t extra);

#endif
