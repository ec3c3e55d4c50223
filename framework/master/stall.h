/* SPDX-License-Identifier: MIT */
/*
 * stall.h - workers whose loop does not turn while somebody waits for it.
 */
#ifndef PORTICO_MASTER_STALL_H
#define PORTICO_MASTER_STALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct master;
struct slot;

struct stall {                   /* of a slot; all zero: not looked at yet */
	pid_t    pid;            /* whom the rest is about */
	uint64_t turns;          /* of its loop, when we last looked */
	uint64_t steps;          /* events that it has taken on, likewise */
	double   stepped;        /* when it took one on, at the earliest */
	double   waiting;        /* since when somebody waits for its next one; 0: nobody */
	double   since;          /* when it became stalled */
	bool     killed;
};

/* Looks at every worker that serves, from now on, as the serving configuration says. */
void stall_follow(struct master *m);
void stall_stop(struct master *m);

/* Its worker is about to be another one: what was seen of the old one says nothing. */
void stall_forget(struct slot *s);

/* What comes of it for new clients, in words. */
const char *stall_consequence(const struct master *m);

/* Seconds that the slot's worker has been stalled; 0 if it is not. */
double stall_time(const struct slot *s);

#endif
