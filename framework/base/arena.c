/* SPDX-License-Identifier: MIT */
/*
 * arena.c - memory that is freed all at once.
 *
 *	chunks -> [header|used .....at   free   end] -> [header|.....] -> ...
 *
 * Only the first chunk has room; what is too large for a usual chunk gets one
 * of its own behind it, so that the room in the first is not lost.
 */
#include "base/arena.h"

#include <errno.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_USUAL = 4096 }; /* with its header */

struct arena_chunk {
	struct arena_chunk *next;
	size_t room;
	alignas(max_align_t) char bytes[];
};

static const size_t USUAL_ROOM = CHUNK_USUAL - sizeof(struct arena_chunk);

void arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void arena_fini(struct arena *a)
{
	while (a->chunks != NULL) {
		struct arena_chunk *chunk = a->chunks;
		a->chunks = chunk->next;
		free(chunk);
	}
	arena_init(a);
}

static void use_chunk(struct arena *a, struct arena_chunk *chunk)
{
	chunk->next = a->chunks;
	a->chunks = chunk;
	a->at = chunk->bytes;
	a->end = chunk->bytes + chunk->room;
}

/* Takes the first chunk of the usual size out of the list. */
static struct arena_chunk *unlink_usual(struct arena *a)
{
	for (struct arena_chunk **at = &a->chunks; *at != NULL; at = &(*at)->next) {
		struct arena_chunk *chunk = *at;
		if (chunk->room == USUAL_ROOM) {
			*at = chunk->next;
			return chunk;
		}
	}
	return NULL;
}

/* As a short request leaves it. */
static bool has_one_usual(const struct arena *a)
{
	return a->chunks != NULL && a->chunks->next == NULL && a->chunks->room == USUAL_ROOM;
}

void arena_reset(struct arena *a)
{
	if (has_one_usual(a)) {
		a->at = a->chunks->bytes;
		return;
	}
	struct arena_chunk *kept = unlink_usual(a);

	arena_fini(a);
	if (kept != NULL)
		use_chunk(a, kept);
}

static struct arena_chunk *chunk_create(size_t room)
{
	struct arena_chunk *chunk = malloc(sizeof(*chunk) + room);

	if (chunk != NULL)
		chunk->room = room;
	return chunk;
}

static void *alloc_large(struct arena *a, size_t len)
{
	struct arena_chunk *chunk = chunk_create(len);

	if (chunk == NULL)
		return NULL;
	if (a->chunks == NULL) {
		use_chunk(a, chunk);
		a->at = a->end;
		return chunk->bytes;
	}
	chunk->next = a->chunks->next;
	a->chunks->next = chunk;
	return chunk->bytes;
}

void *arena_alloc(struct arena *a, size_t len)
{
	const size_t align = alignof(max_align_t);

	if (len > PTRDIFF_MAX - CHUNK_USUAL) {
		errno = ENOMEM;
		return NULL;
	}
	len = len == 0 ? align : (len + align - 1) / align * align;
	if (len > (size_t)(a->end - a->at)) {
		if (len > USUAL_ROOM / 2)
			return alloc_large(a, len);
		struct arena_chunk *chunk = chunk_create(USUAL_ROOM);
		if (chunk == NULL)
			return NULL;
		use_chunk(a, chunk);
	}
	char *p = a->at;
	a->at += len;
	return p;
}

void *arena_zalloc(struct arena *a, size_t len)
{
	void *p = arena_alloc(a, len);

	if (p != NULL)
		memset(p, 0, len);
	return p;
}

char *arena_copy(struct arena *a, const char *s, size_t len)
{
	char *p = len < SIZE_MAX ? arena_alloc(a, len + 1) : NULL;

	if (p == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list args, again;
	char *p = NULL;

	va_start(args, fmt);
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, fmt, args);
	if (len >= 0)
		p = arena_alloc(a, (size_t)len + 1);
	else
		errno = ENOMEM;
	if (p != NULL)
		vsnprintf(p, (size_t)len + 1, fmt, again);
	va_end(again);
	va_end(args);
	return p;
}
