/* SPDX-License-Identifier: MIT */
/*
 * text.h - read what people write: numbers with units, yes and no, near misses.
 *
 * Every parser takes the whole string or refuses it: 0, or -1 with errno
 * EINVAL (not of that form) or ERANGE (does not fit).
 */
#ifndef PORTICO_BASE_TEXT_H
#define PORTICO_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int text_int(const char *s, int64_t *value);
int text_size(const char *s, size_t *bytes);        /* 512, 64k, 1m, 2g: powers of 1024 */
int text_seconds(const char *s, double *seconds);   /* 250ms, 30s, 5m, 1h, 1d; 0 needs no unit */
int text_bool(const char *s, bool *value);          /* yes no on off true false */

/* word without the blanks and tabs around it, which are cut off in place. */
char *text_trim(char *word);

/* The candidate that is most likely meant by word, without case: at most two
 * edits away and fewer than half its letters; NULL if none is.  candidates
 * ends with NULL; borrowed. */
const char *text_nearest(const char *word, const char *const *candidates);

#endif
