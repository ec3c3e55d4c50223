/* SPDX-License-Identifier: MIT */
/*
 * http_parse.h - the head of an HTTP/1.1 request: bytes in, slices out.
 *
 * Pure: no I/O, no malloc, no clock, no pointers kept.  Everything found is
 * told as an offset from the first byte of the head, so the caller may move
 * the bytes between two calls and after the last.  Strict RFC 9112; there is
 * no lenient mode.  The result does not depend on how the input was cut.
 */
#ifndef PORTICO_PROTO_HTTP_PARSE_H
#define PORTICO_PROTO_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { HTTP_MAX_FIELDS = 100 };

struct http_slice {
	uint32_t at;   /* offset from the first byte of the head */
	uint32_t len;
};

struct http_field {
	struct http_slice name;
	struct http_slice value; /* without the optional space around it */
};

enum http_form {                 /* RFC 9112, 3.2 */
	HTTP_ORIGIN,             /* /path?query */
	HTTP_ABSOLUTE,           /* http://host/path?query */
	HTTP_AUTHORITY,          /* host:port, with CONNECT only */
	HTTP_ASTERISK,           /* *, with OPTIONS only */
};

struct http_limits {
	uint32_t max_target;     /* bytes in the request target: 414 over it */
	uint32_t max_head;       /* bytes in the whole head: 431 over it */
	uint32_t max_fields;     /* header lines: 431 over it; <= HTTP_MAX_FIELDS */
};

struct http_head {
	/* The result, valid once http_head_parse() gave more than 0. */
	struct http_slice method;
	struct http_slice target;    /* as it was sent */
	struct http_slice path;      /* raw, of ORIGIN and ABSOLUTE; else empty */
	struct http_slice query;     /* after the '?', which is not in it */
	struct http_slice host;      /* Host, or the authority of ABSOLUTE: RFC 9112, 3.2.2 */
	int64_t           length;    /* Content-Length; -1 without one */
	enum http_form    form;
	uint8_t           minor;     /* HTTP/1.minor: 0, or 1 for 1.1 and later */
	bool              has_query;
	bool              chunked;   /* Transfer-Encoding: chunked */
	bool              keep_alive;/* the client can go on: version and Connection */
	bool              expect_continue;

	/* Why it was refused, valid once it gave -1. */
	uint16_t          status;    /* 400, 414, 431, 501, 505 */
	const char       *why;       /* a constant sentence */

	/* Where parsing stands. */
	uint32_t          line;      /* offset of the line that is being read */
	uint32_t          seen;      /* bytes of it that hold no line end */
	uint8_t           state;
	uint8_t           flags;

	uint16_t          field_count;
	struct http_field fields[HTTP_MAX_FIELDS];
};

/* Makes h ready for a new head.  Does not touch h->fields. */
void http_head_init(struct http_head *h);

/* Goes on parsing.  data is the head from its first byte, len what of it has
 * come so far: at least as much as in the call before.  Each byte is looked
 * at a bounded number of times over all calls.  At most one empty line in
 * front of the request line is skipped (RFC 9112, 2.2) and counts as part of the
 * head.  Gives the head's length with its last CRLF; 0 if more is needed; -1
 * if it is refused, with h->status and h->why. */
ssize_t http_head_parse(struct http_head *h, const char *data, size_t len,
	const struct http_limits *limits);

/* Whether a byte of the request line has come.  An empty line in front of it is nobody's request:
 * old clients send one behind a body. */
bool http_head_is_begun(const struct http_head *h);

/* The value of the first field of that name, matched without case; NULL
 * without one.  data as it was parsed. */
const struct http_field *http_head_find(const struct http_head *h, const char *data,
	const char *name);

#endif
