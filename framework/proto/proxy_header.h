/* SPDX-License-Identifier: MIT */
/*
 * proxy_header.h - the header of the PROXY protocol, versions 1 and 2: bytes in, a verdict out.
 *
 * Numbers in comments are sections of HAProxy's proxy-protocol.txt (2020/03/05 and later).  Pure:
 * no I/O, no memory.
 */
#ifndef PORTICO_PROTO_PROXY_HEADER_H
#define PORTICO_PROTO_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "sys/addr.h"

enum {
	PROXY_LINE_MOST = 107,           /* version 1, with its CRLF: 2.1 */
	PROXY_HEADER_MOST = 4096,        /* version 2; what fits in a segment of 536 bytes is meant: 2 */
};

enum proxy_verdict {
	PROXY_MORE,              /* all bytes so far belong to a header that goes on */
	PROXY_DONE,
	PROXY_BAD,               /* whatever follows */
};

struct proxy_header {
	size_t      used;        /* DONE: bytes of it */
	bool        told;        /* DONE: peer is the client's address; if not, the socket's own holds */
	struct addr peer;
	const char *why;         /* BAD: a constant sentence */
};

/* data is all that has come since the connection began. */
enum proxy_verdict proxy_header_parse(struct proxy_header *h, const char *data, size_t len);

#endif
