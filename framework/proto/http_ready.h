/* SPDX-License-Identifier: MIT */
/*
 * http_ready.h - the beginnings of the heads of replies, ready to be copied.
 *
 *	HTTP/1.1 200 OK           the same for a whole second, and for as long as a
 *	Date: ...                 status and a type are told: http_ready_find()
 *	Server: ...
 *	Content-Type: ...
 *	Content-Length: 42        that of the last one: http_ready_put()
 *
 * The last few of them are kept; another one costs the making.
 */
#ifndef PORTICO_PROTO_HTTP_READY_H
#define PORTICO_PROTO_HTTP_READY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	HTTP_SERVER_MOST = 100,  /* bytes of the server's name */
	HTTP_TYPE_MOST = 100,    /* bytes of a type that is kept */
	HTTP_STAMP = 160,
	HTTP_READY_ROOM = 256 + HTTP_SERVER_MOST + HTTP_TYPE_MOST,
	HTTP_READY_HEADS = 4,
};

struct http_ready {
	int64_t  second;
	const char *constant;    /* http_type_text, if that is its type; else NULL */
	int64_t  length;         /* whose line is behind it; -1: none's */
	uint16_t status;         /* 0: nothing is here */
	int16_t  type_len;       /* -1: no type is told */
	uint16_t type_at;
	uint16_t len;            /* of text, without the line of the length */
	uint16_t whole;          /* and with it */
	bool     no_content;     /* of such a status: RFC 9110, 15.3.5, 15.3.6 and 15.4.5 */
	char     text[HTTP_READY_ROOM];
};

struct http_ready_set {
	const char       *server;    /* borrowed; NULL: none is told */
	int64_t           second;    /* when stamp was made */
	char              stamp[HTTP_STAMP]; /* "Date: ...\r\nServer: ...\r\n" */
	size_t            stamp_len;
	struct http_ready heads[HTTP_READY_HEADS];
	unsigned          oldest;
};

/* The type of portico_reply_text(), which is known by its address. */
extern const char http_type_text[sizeof("text/plain; charset=utf-8")];

/* All but the line of the length, valid until the next call.  now: seconds since 1970; type: of
 * at most HTTP_TYPE_MOST bytes, or NULL.  NULL and EINVAL if no reply has such a status. */
struct http_ready *http_ready_find(struct http_ready_set *set, int64_t now, int status,
	const char *type, size_t type_len);

/* Copies it with that length: the end of it.  A length is 0 or more. */
char *http_ready_put(struct http_ready *ready, char *at, int64_t length);

/* "Content-Length: 42\r\n", for a head that is put together in another way. */
char *http_put_length(char *at, int64_t length);

const char *http_reason(int status);         /* "" for one that has none */

/* The end of what was put there. */
static inline char *http_put(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

#define HTTP_PUT(at, literal) http_put(at, literal, sizeof(literal) - 1)

#endif
