/* SPDX-License-Identifier: MIT */
/*
 * top_view.h - what top shows: the newest status, the operator's place in it, a question, an
 * operation.  Changed by top.c and top_keys.c, drawn by top_draw.c.
 */
#ifndef PORTICO_MASTER_TOP_VIEW_H
#define PORTICO_MASTER_TOP_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "master/top_ask.h"

enum { TOP_SENTENCE = 512 };

struct top_view {
	const char    *file;
	json_t        *status;               /* the newest; NULL: there is none */
	char           trouble[TOP_SENTENCE]; /* why not */
	struct top_ask asked;                /* for the next status */

	size_t         selected;             /* row in slots */
	size_t         first;                /* the first row that is shown; the drawing keeps it */

	json_t        *proposal;             /* the request that waits for "y"; NULL: none */
	char           operation[64];        /* proposed or under way, as a person calls it */
	struct top_ask errand;               /* under way */
	char           said[TOP_SENTENCE];   /* its outcome, until the next key; "": none */
	bool           said_bad;

	bool           help;
	bool           wants_status;         /* now, not when the second is over */
	bool           ended;
};

/* The slot that is selected; NULL if there are none. */
const json_t *top_view_slot(const struct top_view *v);
size_t        top_view_slots(const struct top_view *v);

#endif
