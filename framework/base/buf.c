/* SPDX-License-Identifier: MIT */
/*
 * buf.c - bytes that are added at the end and taken from the front.
 */
#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_SMALLEST = 256 };

static void move_to_front(struct buf *b)
{
	if (b->start == 0)
		return;
	memmove(b->data, buf_head(b), buf_len(b));
	b->end -= b->start;
	b->start = 0;
}

static int grow(struct buf *b, size_t need)
{
	size_t size = b->size ? b->size : BUF_SMALLEST;

	if (need > UINT32_MAX / 2) {
		errno = EOVERFLOW;
		return -1;
	}
	while (size < need)
		size *= 2;
	char *data = realloc(b->data, size);
	if (!data)
		return -1;
	b->data = data;
	b->size = (uint32_t)size;
	return 0;
}

int buf_make_room(struct buf *b, size_t n)
{
	/* Moving is cheap only when little is left: else it would be paid again soon. */
	if (buf_len(b) <= b->start && n <= b->size - buf_len(b)) {
		move_to_front(b);
		return 0;
	}
	if (n > SIZE_MAX - b->end) {
		errno = EOVERFLOW;
		return -1;
	}
	return grow(b, b->end + n);
}

int buf_append(struct buf *b, const void *data, size_t len)
{
	if (buf_reserve(b, len) < 0)
		return -1;
	if (len > 0)
		memcpy(buf_tail(b), data, len);
	buf_added(b, len);
	return 0;
}

void buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){0};
}
