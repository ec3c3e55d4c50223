/* SPDX-License-Identifier: MIT */
/*
 * handout.h - the files that workers write to, once they were opened anew.
 */
#ifndef PORTICO_MASTER_HANDOUT_H
#define PORTICO_MASTER_HANDOUT_H

struct master;

/* All workers hear of the log and of their access logs as they are now: at once, or when they
 * read their channel again. */
void handout(struct master *m);

/* After an upgrade: who was owed something then still is. */
void handout_go_on(struct master *m);
void handout_stop(struct master *m);

#endif
