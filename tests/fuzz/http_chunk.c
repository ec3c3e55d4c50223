/* SPDX-License-Identifier: MIT */
/*
 * http_chunk.c - fuzzes http_chunk_next().
 *
 * The first byte of the input chooses the size of the pieces it is fed in.
 * Holds: each call makes progress; pieces lie in what was fed; every way to
 * cut, and to give part of a piece back, gives the same body and the same end;
 * what is encoded comes back.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "proto/http_chunk.h"

struct body {
	enum http_chunk_event event;
	size_t used;
	size_t len;
	char  *bytes;            /* as long as the input */
};

/* One call on a copy of just so many bytes, for ASan to guard.  Of a piece of
 * more than keep bytes the rest is given back. */
static void step(struct http_chunk *c, struct body *b, const char *data, size_t len, size_t keep)
{
	char *copy = malloc(len);
	const char *piece;
	size_t used, piece_len;

	memcpy(copy, data, len);
	b->event = http_chunk_next(c, copy, len, &used, &piece, &piece_len);
	MUST(used <= len);
	MUST(used > 0 || b->event == HTTP_CHUNK_END || b->event == HTTP_CHUNK_BAD);
	MUST(b->event != HTTP_CHUNK_MORE || used == len);
	MUST((b->event == HTTP_CHUNK_DATA) == (piece_len > 0));
	if (b->event == HTTP_CHUNK_DATA) {
		MUST(piece >= copy && piece + piece_len == copy + used);
		if (piece_len > keep) {
			http_chunk_give_back(c, piece_len - keep);
			used -= piece_len - keep;
			piece_len = keep;
		}
		memcpy(b->bytes + b->len, piece, piece_len);
		b->len += piece_len;
	}
	b->used += used;
	free(copy);
}

static struct body decode(const char *data, size_t len, size_t by, size_t keep)
{
	struct body b = { .event = HTTP_CHUNK_MORE, .bytes = malloc(len + 1) };
	struct http_chunk c;

	http_chunk_init(&c);
	while (b.used < len && b.event != HTTP_CHUNK_END && b.event != HTTP_CHUNK_BAD) {
		size_t left = len - b.used;

		step(&c, &b, data + b.used, left < by ? left : by, keep);
	}
	return b;
}

static void must_agree(const struct body *a, const struct body *b)
{
	MUST(a->used == b->used && a->len == b->len);
	MUST(memcmp(a->bytes, b->bytes, a->len) == 0);
	MUST((a->event == HTTP_CHUNK_BAD) == (b->event == HTTP_CHUNK_BAD));
	MUST((a->event == HTTP_CHUNK_END) == (b->event == HTTP_CHUNK_END));
}

/* The input as a body, in chunks of by bytes. */
static void must_come_back(const char *data, size_t len, size_t by)
{
	char *text = malloc(len * 8 + 16), *at = text;
	struct body b;

	for (size_t done = 0, n; done < len; done += n) {
		n = len - done < by ? len - done : by;
		at += sprintf(at, "%zx\r\n", n);
		memcpy(at, data + done, n);
		at += n;
		at += sprintf(at, "\r\n");
	}
	at += sprintf(at, "0\r\n\r\n");
	b = decode(text, (size_t)(at - text), by + 1, by);
	MUST(b.event == HTTP_CHUNK_END && b.used == (size_t)(at - text));
	MUST(b.len == len && memcmp(b.bytes, data, len) == 0);
	free(b.bytes);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
	const char *data = (const char *)input + 1;
	size_t len = size - 1, by;
	struct body whole, cut, single;

	if (size < 2)
		return 0;
	by = input[0] % 64 + 1;
	whole = decode(data, len, len, len);
	cut = decode(data, len, by, by / 2 + 1);
	single = decode(data, len, 1, 1);
	must_agree(&whole, &cut);
	must_agree(&whole, &single);
	free(whole.bytes);
	free(cut.bytes);
	free(single.bytes);
	must_come_back(data, len, by);
	return 0;
}
