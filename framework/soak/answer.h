/* SPDX-License-Identifier: MIT */
/*
 * answer.h - read an answer as it comes in, and know when it is whole.
 *
 * Pure: bytes in, a verdict out; bounded memory, whatever the server sends.
 * It reads what a correct server may send (RFC 9112: Content-Length, chunked,
 * until the end); it is no judge of a server's syntax.
 */
#ifndef PORTICO_SOAK_ANSWER_H
#define PORTICO_SOAK_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ANSWER_TEXT = 256 };      /* a line's part that is looked at; an echo's longest */

enum answer_phase {
	ANSWER_STATUS, ANSWER_FIELDS, ANSWER_BODY, ANSWER_UNTIL_END,
	ANSWER_CHUNK_SIZE, ANSWER_CHUNK, ANSWER_CHUNK_END, ANSWER_TRAILERS,
	ANSWER_ECHO, ANSWER_WHOLE,
};

struct answer {                          /* plain value */
	enum answer_phase phase;
	bool              begun;         /* a byte of it has come */
	bool              wrong;         /* it is not what was expected */
	bool              last;          /* the server will close: HTTP's Connection: close */
	bool              chunked;
	int               status;
	int64_t           length;        /* Content-Length; -1: none */
	uint64_t          left;          /* of the body or chunk */
	const char       *body;          /* expected, borrowed; NULL: anything */
	size_t            body_at;
	size_t            text_len;
	char              text[ANSWER_TEXT];     /* a line so far; or the echo expected */
};

void answer_expect_http(struct answer *a, const char *body);
void answer_expect_echo(struct answer *a, const char *text, size_t len);  /* len <= ANSWER_TEXT */

/* Looks at what came.  Bytes after the end of the answer make it wrong. */
void answer_feed(struct answer *a, const char *data, size_t len);
/* The server has ended the connection: makes an answer without a length whole. */
void answer_end(struct answer *a);

#endif
