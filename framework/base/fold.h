/* SPDX-License-Identifier: MIT */
/*
 * fold.h - long sentences on narrow pages: UTF-8, a column a character.
 */
#ifndef PORTICO_BASE_FOLD_H
#define PORTICO_BASE_FOLD_H

#include <stddef.h>

/* The columns of text. */
size_t fold_columns(const char *text);

/* The bytes of text that fit into so many columns, never half a character. */
size_t fold_cut(const char *text, size_t columns);

/* The bytes of its first line: cut behind a word if there is one that fits; the blanks that
 * follow go to skip, for text + bytes + *skip to begin the next line.  At least one character, so
 * that a loop ends; 0 for "" only. */
size_t fold_line(const char *text, size_t columns, size_t *skip);

#endif
