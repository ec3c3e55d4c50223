/* SPDX-License-Identifier: MIT */
/*
 * http_chunk.h - takes the chunked coding off a request body (RFC 9112, 7.1).
 *
 * Pure, as http_parse.h.  Chunk extensions are bounded and ignored; trailer
 * fields are bounded, checked and dropped.
 */
#ifndef PORTICO_PROTO_HTTP_CHUNK_H
#define PORTICO_PROTO_HTTP_CHUNK_H

#include <stddef.h>
#include <stdint.h>

enum http_chunk_event {
	HTTP_CHUNK_MORE,         /* all input is used: come again */
	HTTP_CHUNK_DATA,         /* *piece is body */
	HTTP_CHUNK_END,          /* the last chunk and its trailers are in */
	HTTP_CHUNK_BAD,          /* refuse with 400; stays bad */
};

struct http_chunk {
	uint64_t left;           /* bytes of the current chunk still to come */
	uint32_t line;           /* bytes of the current size or trailer line */
	uint32_t overhead;       /* bytes of extensions and trailers so far */
	uint8_t  state;
	uint8_t  digits;
};

void http_chunk_init(struct http_chunk *c);

/* Looks at data from its start and gives the next event.  *used is set to the
 * bytes of data that are done with, including the piece's; the piece lies in data. */
enum http_chunk_event http_chunk_next(struct http_chunk *c, const char *data, size_t len,
	size_t *used, const char **piece, size_t *piece_len);

/* The last piece was not used to its end: its last n bytes will be given again.
 * Only between the call that gave the piece and the next one. */
static inline void http_chunk_give_back(struct http_chunk *c, size_t n)
{
	c->left += n;
}

#endif
