/* SPDX-License-Identifier: MIT */
/*
 * steering.h - which slots new clients go to while the row of slots changes.
 */
#ifndef PORTICO_MASTER_STEERING_H
#define PORTICO_MASTER_STEERING_H

struct master;

/* Slots end: from now on only the active ones get anything new. */
void steering_away(struct master *m);

/* Slots are about to come: their UDP sockets take datagrams as soon as they
 * are bound, and nobody reads them yet. */
void steering_hold(struct master *m);

/* Leaves it to the kernel again once only active slots have sockets. */
void steering_settle(struct master *m);

#endif
