/* SPDX-License-Identifier: MIT */
/*
 * succession.h - a generation takes over from the one that serves.
 */
#ifndef PORTICO_MASTER_SUCCESSION_H
#define PORTICO_MASTER_SUCCESSION_H

struct generation;

/* All workers of g are ready and its sockets listen: it serves, and the one that did, if any,
 * drains.  Ends the operation; nothing of it can fail. */
void succeed(struct generation *g);

#endif
