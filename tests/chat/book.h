/* SPDX-License-Identifier: MIT */
/*
 * book.h - what was said in the room, in the order in which it was heard first.
 *
 * Whoever stays must hear all of it, once and in that order.  Each text is unique.
 */
#ifndef CHAT_BOOK_H
#define CHAT_BOOK_H

#include <stdbool.h>
#include <stddef.h>

enum { BOOK_TEXT = 64 };

struct book {
	char  (*texts)[BOOK_TEXT];
	size_t count, room;
	size_t *index;           /* open addressing: 1 + number in texts; 0: free */
	size_t index_size;
};

struct book_findings {
	size_t heard;            /* by all */
	size_t missed;           /* by somebody who was there */
	size_t doubled;
	size_t disordered;       /* nobody else heard it there */
};

void book_init(struct book *b);
void book_fini(struct book *b);

void *need(void *memory);                /* it is there, or the process ends */

/* The number of that text; -1. */
long book_find(const struct book *b, const char *text);

/* Somebody who has heard up to *place hears text now. */
void book_hears(struct book *b, size_t *place, const char *text, struct book_findings *f);

#endif
