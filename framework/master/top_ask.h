/* SPDX-License-Identifier: MIT */
/*
 * top_ask.h - a question to the master that the screen does not wait for.
 *
 * A child asks and writes the answer into a pipe: an operation may take its time, a master may be
 * stopped, and ask() has its sentences on standard error.
 */
#ifndef PORTICO_MASTER_TOP_ASK_H
#define PORTICO_MASTER_TOP_ASK_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/buf.h"

struct top_ask {                 /* all zero: nothing is asked */
	pid_t      pid;          /* 0: none */
	int        fd;           /* of the pipe, readable when there is more */
	double     since;        /* by clock_seconds() */
	struct buf heard;
};

/* request is taken.  -1: no child or no pipe could be made.  One question at a time. */
int  top_ask_begin(struct top_ask *a, const char *file, json_t *request);

/* Reads what is there.  True when it is over: then *answer is the answer (a new reference), or
 * NULL with the reason in why. */
bool top_ask_hear(struct top_ask *a, json_t **answer, char *why, size_t room);

/* Gives up; none under way is fine.  What the master does it does nevertheless. */
void top_ask_end(struct top_ask *a);

#endif
