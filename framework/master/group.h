/* SPDX-License-Identifier: MIT */
/*
 * group.h - one address's SO_REUSEPORT group and the program that chooses in it.
 */
#ifndef PORTICO_MASTER_GROUP_H
#define PORTICO_MASTER_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

#include "master/plan.h"
#include "sys/addr.h"
#include "sys/shortest.h"

struct group {
	struct addr           addr;
	int                   type;      /* SOCK_STREAM, SOCK_DGRAM */
	struct plan           plan;      /* what runs */
	bool                  known;     /* plan is: else another binary has left something there */
	struct shortest_group shortest;
	int                   table;     /* that shortest was made for: its descriptor; -1: none */
	ino_t                 seats[CONFIG_MAX_WORKERS]; /* sockets that are in shortest */
	bool                  told;      /* that it cannot be steered */
	struct group         *next;
};

/* Empty, for the group of first.  NULL and ENOMEM. */
struct group *group_create(const struct escrow *first);

/* After an upgrade: what the binary before us made for table; all sockets of the row are in it. */
void group_adopt(struct group *g, const struct master *m, const struct shortest_group *made, int table);

/* Its table ends: with it what was made for it. */
void group_leave_table(struct group *g, int table, int member);

void group_destroy(struct group *g);             /* the program goes on */

/* Makes plan run. -1 if it cannot, which was told; if it was PLAN_SHORTEST, load has given
 * up, and another plan can be made. */
int group_settle(struct group *g, const struct master *m, const struct escrow *first,
	const struct plan *plan, struct load *load);

#endif
