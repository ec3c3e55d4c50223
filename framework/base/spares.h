/* SPDX-License-Identifier: MIT */
/*
 * spares.h - memory of one size that comes and goes all the time.
 *
 * A few pieces that were given back are kept, the latest first, which the caches still
 * know.  calloc(3) of glibc never takes what free(3) has put aside.
 */
#ifndef PORTICO_BASE_SPARES_H
#define PORTICO_BASE_SPARES_H

#include <stddef.h>

#if defined(__SANITIZE_ADDRESS__)
enum { SPARES_KEPT = 0 };        /* so that it sees who uses what was given back */
#else
enum { SPARES_KEPT = 64 };
#endif

struct spare;

struct spares {                  /* all zero: none kept */
	struct spare *first;
	unsigned      count;
};

/* Zeroed; NULL and ENOMEM.  size is the same each time, at least a pointer's. */
void *spares_take(struct spares *s, size_t size);
void  spares_give(struct spares *s, void *piece); /* that was taken from s */
void  spares_fini(struct spares *s);             /* frees what is kept; twice is fine */

#endif
