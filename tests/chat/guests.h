/* SPDX-License-Identifier: MIT */
/*
 * guests.h - WebSocket clients of the chat, in one epoll loop.
 *
 * A guest whose connection ends comes back at once.  What was said while it was away it misses; from
 * the first message that it hears on it is held to the book again.
 */
#ifndef CHAT_GUESTS_H
#define CHAT_GUESTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "book.h"

struct guest;

struct guests {
	int           epoll, port;
	struct guest *all;
	size_t        count;
	struct book   book;
	struct book_findings found;
	size_t        said;              /* lines */
	size_t        ended, expected;   /* connections; of them those that had to */
	size_t        away;              /* messages that those missed meanwhile */
	size_t        unheard;           /* lines of guests who never left that nobody heard */
	char          why[128];          /* the first unexpected end */
};

void guests_come(struct guests *g, size_t count, int port);
void guests_leave(struct guests *g);

/* Works on what there is for so long; lines: to be said meanwhile, one a guest in turn. */
void guests_turn(struct guests *g, double seconds, double lines_a_second);

/* All who are there have heard all that is in the book. */
bool guests_are_even(const struct guests *g);

/* Those whose connection comes from one of these ports are going to lose it. */
void guests_expect_end(struct guests *g, const uint16_t *ports, size_t count);
bool guests_are_back(const struct guests *g);    /* and nobody's end is still awaited */

/* At the end: counts what was said by who stayed, and never heard. */
void guests_count_unheard(struct guests *g);

double now(void);

#endif
