/* SPDX-License-Identifier: MIT */
/*
 * retire.h - the end of slots and of addresses, without losing who is on the way.
 */
#ifndef PORTICO_MASTER_RETIRE_H
#define PORTICO_MASTER_RETIRE_H

#include <stdbool.h>

struct generation;
struct master;
struct member;
struct message;

/* The slots from table.active on end: nothing new goes to them, siblings empty their
 * queues.  The workers in them have been told to leave. */
void retire_slots(struct master *m);

/* The addresses that the serving generation does not name end.  Their sockets
 * are kept by the workers of old that have them: call it before those retire. */
void retire_addresses(struct master *m, struct generation *old);

/* A worker has given a socket back. */
void retire_returned(struct master *m, const struct member *from, const struct message *said);

/* A worker died: what it kept or borrowed is closed or found a new borrower. */
void retire_check(struct master *m);

bool retire_is_under_way(const struct master *m);
void retire_stop(struct master *m);      /* everything ends: nothing is waited for */

/* Seconds that a worker may be needed to keep a retiring address. */
double retire_time(void);

#endif
