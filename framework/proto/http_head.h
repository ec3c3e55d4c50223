/* SPDX-License-Identifier: MIT */
/*
 * http_head.h - what the files that fill a struct http_head share.
 *
 * http_parse*.c find lines and fields, http_target.c reads the request target,
 * http_known.c the fields that say how the connection goes on.  Nobody else
 * includes this.  The rules of http_parse.h hold: no I/O, no malloc.
 */
#ifndef PORTICO_PROTO_HTTP_HEAD_H
#define PORTICO_PROTO_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/http_parse.h"

/* Refuses the request for good.  Gives false, for callers that pass it on. */
static inline bool http_head_refuse(struct http_head *h, uint16_t status, const char *why)
{
	h->status = status;
	h->why = why;
	return false;
}

/* Reads the target once the whole request line is in: sets form, path, query's
 * end and the host of an absolute target.  Needs method, target, query.at and has_query.
 * False if it is refused. */
bool http_target_read(struct http_head *h, const char *data);

/* Whether the bytes are uri-host [ ":" port ] with a host that is not empty
 * (RFC 9110, 7.2).  need_port: the port must be there and not be 0. */
bool http_authority_valid(const char *text, size_t len, bool need_port);

/* Whether host, which is a valid authority, is the absolute target's: the same but for case and
 * for a port that its scheme has anyway (RFC 9110, 4.2.3). */
bool http_target_has_host(const struct http_head *h, const char *data, struct http_slice host);

/* Whether http_known_field() may take note of a field of that name: its length and its first letter
 * turn nearly every other away. */
static inline bool http_known_looks(const char *name, size_t len)
{
	const uint32_t lengths = 1 << 4 | 1 << 6 | 1 << 10 | 1 << 14 | 1 << 17;
	const uint32_t letters = 1 << ('h' & 31) | 1 << ('e' & 31) | 1 << ('c' & 31) | 1 << ('t' & 31);

	return len < 32 && lengths >> len & letters >> (*name & 31) & 1;
}

/* Takes note of a field if it is one that matters here.  False if it is refused. */
bool http_known_field(struct http_head *h, const char *data, const struct http_field *field);

/* After the last field: checks what is missing, decides keep_alive. */
bool http_known_end(struct http_head *h);

#endif
