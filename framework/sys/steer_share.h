/* SPDX-License-Identifier: MIT */
/*
 * steer_share.h - which keys are whose, for steer_compile.c.
 */
#ifndef PORTICO_SYS_STEER_SHARE_H
#define PORTICO_SYS_STEER_SHARE_H

#include "sys/steer.h"

enum steer_outcome {
	STEER_ONE,               /* all of them are the first's */
	STEER_ROW,               /* width keys for first, as many for the one behind it, ... */
	STEER_CLOSED,            /* who has them may not be chosen */
};

struct steer_piece {             /* keys from here on, up to the next piece */
	uint32_t           from;
	enum steer_outcome outcome;
	unsigned           first;
	uint32_t           width;
};

struct steer_shares {            /* in the order of keys; the first is from 0 */
	struct steer_piece pieces[STEER_MEMBERS];
	size_t             count;
	uint64_t           range;        /* keys are below it */
};

/* The first choice, over all members. */
void steer_share_all(const struct steer *s, struct steer_shares *out);

/* The second one, over the open ones, of which there must be one.  grain 1 is exact; with
 * more, so many neighbours at a time share what is theirs evenly, in fewer pieces. */
void steer_share_open(const struct steer *s, unsigned grain, struct steer_shares *out);

#endif
