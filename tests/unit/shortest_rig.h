/* SPDX-License-Identifier: MIT */
/*
 * shortest_rig.h - a group of listening sockets that a join-shortest-queue program steers.
 */
#ifndef PORTICO_UNIT_SHORTEST_RIG_H
#define PORTICO_UNIT_SHORTEST_RIG_H

#include "sys/addr.h"
#include "sys/shortest.h"

enum { NOBODY = 65534, BACKLOG = 4000 };

extern struct shortest_rig {
	struct shortest_table *table;
	int                   table_fd;
	struct shortest_group group;
	struct addr           address;     /* of the group that was bound last */
	unsigned              members;
	int                   sockets[SHORTEST_SLOTS];
} jsq;

void jsq_need_table(void);                 /* skips the test where CAP_BPF is missing */
void jsq_bind(int family, unsigned count);
void jsq_attach(void);                     /* the members that were bound last, to the table */

/* All three, IPv4; count slots, all of them open, with nothing in their queues. */
void jsq_make(unsigned count);
void jsq_settle(int64_t a, int64_t b, int64_t c);  /* the queues of the first three */

void jsq_connect_one(void);                /* and leaves with a reset */
void jsq_connect(unsigned count);
unsigned jsq_take(unsigned slot);      /* what came into the socket itself */
void jsq_expect(unsigned a, unsigned b, unsigned c);  /* that from the first three */

uint64_t jsq_now(void);
int jsq_as_nobody(int (*what)(void));      /* in a child, without a capability; 0 is well */

#endif
