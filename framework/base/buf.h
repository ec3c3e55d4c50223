/* SPDX-License-Identifier: MIT */
/*
 * buf.h - bytes that are added at the end and taken from the front.
 *
 *	data        start         end          size
 *	 | taken    | buf_len()   | buf_room() |
 *
 * Owned by whoever embeds it.  All zero is a valid empty buf without storage.
 */
#ifndef PORTICO_BASE_BUF_H
#define PORTICO_BASE_BUF_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	char    *data;
	uint32_t start;
	uint32_t end;
	uint32_t size;
};

static inline size_t buf_len(const struct buf *b)
{
	return b->end - b->start;
}

static inline char *buf_head(const struct buf *b)
{
	return b->data + b->start;
}

static inline char *buf_tail(const struct buf *b)
{
	return b->data + b->end;
}

static inline size_t buf_room(const struct buf *b)
{
	return b->size - b->end;
}

/* n bytes were written at buf_tail(), n <= buf_room(). */
static inline void buf_added(struct buf *b, size_t n)
{
	b->end += (uint32_t)n;
}

/* Takes n bytes from the front, n <= buf_len(). */
static inline void buf_take(struct buf *b, size_t n)
{
	assert(n <= buf_len(b));
	b->start += (uint32_t)n;
	if (b->start == b->end)
		b->start = b->end = 0;
}

int buf_make_room(struct buf *b, size_t n);   /* buf_reserve(), where there is too little */

/* Makes room for n more bytes: moves what is there to the front, or grows to
 * a power of two.  -1 with ENOMEM or EOVERFLOW; then nothing has changed. */
static inline int buf_reserve(struct buf *b, size_t n)
{
	return n <= buf_room(b) ? 0 : buf_make_room(b, n);
}

int buf_append(struct buf *b, const void *data, size_t len);

void buf_free(struct buf *b);         /* buf_fini(), where there is storage */

/* Frees the storage; b is empty after it. */
static inline void buf_fini(struct buf *b)
{
	if (b->data)
		buf_free(b);
}

#endif
