/* SPDX-License-Identifier: MIT */
/*
 * http_parse_parts.h - what the scans of a head share: http_parse.c has those of the request line,
 * http_parse_fields.c those of the fields.  Nobody else includes this.
 */
#ifndef PORTICO_PROTO_HTTP_PARSE_PARTS_H
#define PORTICO_PROTO_HTTP_PARSE_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/http_parse.h"

enum state {
	START,
	METHOD,
	TARGET,                  /* its first byte decides which: */
	TARGET_PATH,             /* begins with '/' */
	TARGET_OTHER,            /* any other form */
	TARGET_QUERY,
	VERSION,
	NAME,
	SPACE,
	VALUE,
	DONE,
};

struct http_input {
	const char *data;
	const char *at;          /* the next byte to look at */
	const char *end;         /* of what may be looked at: never over max_head */
	uint32_t max_target;
	uint32_t max_fields;
};

static inline uint32_t http_offset(const struct http_input *in)
{
	return (uint32_t)(in->at - in->data);
}

/* CRLF at in->at: 1 if it is there, 0 if its LF has not come, -1 if it is not one.
 * Called with at < end. */
static inline int http_at_line_end(const struct http_input *in)
{
	if (in->at[0] != '\r')
		return -1;
	if (in->end - in->at < 2)
		return 0;
	return in->at[1] == '\n' ? 1 : -1;
}

/* Every scan gives true when its part is complete and the next one is
 * begun; false if more is needed or the request is refused. */

static inline bool http_begin_line(struct http_head *h, struct http_input *in, enum state state)
{
	h->line = http_offset(in);
	h->state = state;
	return true;
}

/* NAME, SPACE and VALUE, as many as there are, and the empty line. */
bool http_scan_field(struct http_head *h, struct http_input *in);

#endif
