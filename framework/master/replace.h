/* SPDX-License-Identifier: MIT */
/*
 * replace.h - another worker for one slot, and the one that was there finishes.
 */
#ifndef PORTICO_MASTER_REPLACE_H
#define PORTICO_MASTER_REPLACE_H

struct master;
struct member;

/* The operation: ends by operation_ended(). */
void replace(struct master *m, unsigned slot);

/* The successor is ready. */
void replace_ready(struct member *successor);

/* A worker has died: was it about this one? */
void replace_lost(struct member *gone, const char *why);

#endif
