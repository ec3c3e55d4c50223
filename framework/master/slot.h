/* SPDX-License-Identifier: MIT */
/*
 * slot.h - a place for a worker, and the sockets in escrow that belong to it.
 *
 * Number i of a slot's sockets is index slot of its address's group.  A
 * socket is in escrow from the moment that a worker has bound it until its
 * slot or its address ends; workers come and go on it.
 */
#ifndef PORTICO_MASTER_SLOT_H
#define PORTICO_MASTER_SLOT_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

struct master;
struct pulse;

struct escrow {
	struct addr addr;
	int         type;        /* SOCK_STREAM, SOCK_DGRAM */
	int         fd;
	bool        listening;
};

struct slot {
	struct master *master;
	unsigned       index;
	struct escrow  sockets[CONFIG_MAX_LISTENS];
	size_t         socket_count;
	unsigned       early;    /* deaths in a row that came too early */
	ev_timer       again;    /* runs until the next worker is tried */
};

struct slot_table {
	struct slot **slots;     /* stay where they are: timers point at them */
	unsigned      count;
};

/* Adds slots until there are count.  -1 and ENOMEM. */
int  slots_grow(struct slot_table *t, struct master *m, unsigned count);
void slots_shrink(struct slot_table *t, unsigned count);   /* closes their sockets */
void slots_fini(struct slot_table *t);

/* How many sockets a slot needs for config. */
size_t slot_need(const struct config *c);

/* The slot's sockets in the order of config, -1 where it has none. */
void slot_sockets(const struct slot *s, const struct config *c, int *out);

/* Takes fd as number of config's sockets. */
void slot_take(struct slot *s, const struct config *c, size_t number, int fd);

/* listen() on every socket of config that does not listen yet: address by
 * address, slot by slot.  -1 with errno and *failed the service. */
int slots_listen(struct slot_table *t, const struct config *c, const struct config_service **failed);

/* Closes what config does not name. */
void slots_keep_only(struct slot_table *t, const struct config *c);

#endif
