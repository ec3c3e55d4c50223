/* SPDX-License-Identifier: MIT */
/*
 * herald.h - what the service manager is told: ready, reloading, stopping, alive, and how it goes.
 */
#ifndef PORTICO_MASTER_HERALD_H
#define PORTICO_MASTER_HERALD_H

struct master;

/* In the loop from now on.  Without a manager that wants to hear, nothing happens. */
void herald_begin(struct master *m);
void herald_end(struct master *m);

/* A reload or an upgrade begins; an operation, or the start, is over; the end begins. */
void herald_reloading(void);
void herald_ready(const struct master *m);
void herald_stopping(void);

#endif
