/* SPDX-License-Identifier: MIT */
/*
 * asks.h - calls of handlers to their table that are answered later, wherever it is
 * (portico_table_get_then() and the like in portico.h).  The worker owns one for all its handlers.
 */
#ifndef PORTICO_PROTO_ASKS_H
#define PORTICO_PROTO_ASKS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

struct ask;

struct asks {                    /* all zero: nothing may be asked */
	struct ev_loop *loop;
	size_t          queue;       /* bytes that may wait for the next turn */
	size_t          queued;
	struct ask     *all;         /* that are not answered, of either kind */
	struct ask     *first, **last;       /* of them, what shared memory answers in the next turn */
	ev_timer        turn;
	bool            over;        /* nothing is taken any more */
};

void asks_init(struct asks *a, struct ev_loop *loop, size_t queue);
bool asks_is_done(const struct asks *a);         /* all are answered */

/* The time is up: what is not answered is, with ECANCELED.  Twice is fine. */
void asks_give_up(struct asks *a);
void asks_fini(struct asks *a);          /* gives up; Redis may still be open, and is asked nothing more */

#endif
