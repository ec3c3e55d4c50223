/* SPDX-License-Identifier: MIT */
/*
 * http_memo.h - the head that a connection said last, for when it says it again.
 *
 * What a head says depends on its bytes and on the site alone, so a client that asks the same
 * thing over and over is parsed once: its next head is compared with the last one, and if it is
 * the same, all that was found in that one is taken as it was.
 *
 *   connection ─┐
 *   connection ─┼─> memo: the head as it came, and as a request has it
 *   connection ─┘
 *
 * A memo is made of a head that comes a second time, never changes, and is shared by all
 * connections of a site that say the same; the last one frees it, so that what a client
 * said (a cookie) is kept no longer than it stays.  There is a bound to their number and to their bytes;
 * over it there are no new ones.
 *
 * A head is compared byte by byte with what the same connection said, and with another's only
 * after 64 bits of a keyed hash were the same: how long an answer takes does not tell
 * how much of somebody else's head was guessed.
 */
#ifndef PORTICO_PROTO_HTTP_MEMO_H
#define PORTICO_PROTO_HTTP_MEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_conn;
struct http_memo;
struct portico_request;

enum {
	HTTP_MEMO_MOST = 1024,                   /* of a site */
	HTTP_MEMO_BYTES = 2 * 1024 * 1024,
	HTTP_MEMO_ROWS = 256,
};

struct http_memos {              /* of a site */
	uint64_t          key[2];
	struct http_memo *rows[HTTP_MEMO_ROWS];
	size_t            count;
	size_t            bytes;
};

struct http_recall {             /* of a connection; zeroed: it has said nothing */
	struct http_memo *memo;  /* held; NULL: none of the last head */
	uint32_t          hint;  /* most heads that differ from the last one have another */
	uint8_t           pause; /* heads that seem to come again and are not worth a memo */
	bool              used;  /* the memo was of use */
};

void http_memos_init(struct http_memos *m);      /* no fini: it is empty when no connection is left */

/* r is fresh, and its connection has a memo.  If data begins with that head, r has all that it
 * says, as after http_request_take_head(), and the verdict: gives the head's length.  Else 0. */
size_t http_memo_take(struct portico_request *r, const char *data, size_t len);

/* r's own head is in and judged: data is its len bytes.  Keeps what is worth it for the next. */
void http_memo_note(const struct portico_request *r, const char *data, size_t len);

/* c will have no more requests, or has none in hand; twice is fine. */
void http_memo_drop(struct http_conn *c);

#endif
