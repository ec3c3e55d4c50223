/* SPDX-License-Identifier: MIT */
/*
 * scale.h - more or fewer workers in the generation that serves.
 */
#ifndef PORTICO_MASTER_SCALE_H
#define PORTICO_MASTER_SCALE_H

struct master;
struct member;

/* The operation: from now on so many workers.  Ends by operation_ended(). */
void scale(struct master *m, int workers);

/* A worker of a slot that is not active yet is ready. */
void scale_ready(struct master *m);

/* One of them died, or could not start, for this reason. */
void scale_failed(struct master *m, const char *why);

#endif
