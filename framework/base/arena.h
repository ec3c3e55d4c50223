/* SPDX-License-Identifier: MIT */
/*
 * arena.h - memory that is freed all at once.
 *
 * Owned by whoever embeds it.  Pointers given out are valid until the next
 * reset or fini.
 */
#ifndef PORTICO_BASE_ARENA_H
#define PORTICO_BASE_ARENA_H

#include <stddef.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunks;  /* the newest first */
	char               *at;      /* next free byte of the newest */
	char               *end;
};

void  arena_init(struct arena *a);
void  arena_fini(struct arena *a);
void  arena_reset(struct arena *a);   /* keeps one chunk of the usual size */

/* Aligned for any type.  NULL and ENOMEM. */
void *arena_alloc(struct arena *a, size_t len);
void *arena_zalloc(struct arena *a, size_t len);
char *arena_copy(struct arena *a, const char *s, size_t len); /* adds a NUL */
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
