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
#include <sys/socket.h>

#include "config/config.h"
#include "master/history.h"
#include "master/rest.h"
#include "master/stall.h"

struct master;
struct member;

enum escrow_state {
	ESCROW_HELD,             /* its slot's worker serves it */
	ESCROW_RETIRING,         /* nothing new comes; somebody empties its queue */
	ESCROW_RETURNING,        /* whoever emptied it was asked to stop */
};

struct escrow {
	struct addr       addr;
	int               type;      /* SOCK_STREAM, SOCK_DGRAM */
	int               fd;
	bool              listening;
	bool              given;     /* by the service manager, who has it too: never closed for good */
	enum escrow_state state;
	struct member    *borrower;  /* a worker that serves it though its slot's does not */
	unsigned          number;    /* of the address in the borrower's configuration */
	double            asked;     /* RETURNING: since when, by child_clock() */
};

struct slot {
	struct master *master;
	unsigned       index;
	struct escrow  sockets[2 * CONFIG_MAX_LISTENS]; /* of two configurations in a reload */
	size_t         socket_count;
	bool           stalled;  /* its worker does not turn: its sockets are lent */
	bool           resting;  /* it accepts nobody: its TCP sockets are lent */
	bool           drained;  /* the operator wants no new clients for it */
	struct stall   stall;
	struct rest    rest;
	struct history history;
	unsigned       early;    /* deaths in a row that came too early */
	ev_timer       again;    /* runs until the next worker is tried */
};

struct slot_table {
	struct slot **slots;     /* stay where they are: timers point at them */
	unsigned      count;
	unsigned      active;    /* the first so many have workers; the rest comes or goes */
};

/* Its worker does not serve who comes to its sockets of that type. */
static inline bool slot_keeps_waiting(const struct slot *s, int type)
{
	return s->stalled || (s->resting && type == SOCK_STREAM);
}

/* Adds slots until there are count.  -1 and ENOMEM. */
int  slots_grow(struct slot_table *t, struct master *m, unsigned count);
void slots_shrink(struct slot_table *t, unsigned count);   /* closes their sockets */
void slots_fini(struct slot_table *t);

/* How many sockets a slot needs for config. */
size_t slot_need(const struct config *c);

/* The slot's sockets in the order of config, -1 where it has none. */
void slot_sockets(const struct slot *s, const struct config *c, int *out);

/* The address and type of number of config's sockets.  false: there is no such number. */
bool slot_address(const struct config *c, size_t number, struct addr *a, int *type);

/* Takes fd as number of config's sockets.  -1: there is no such number or no
 * room, and fd is closed. */
int slot_take(struct slot *s, const struct config *c, size_t number, int fd);

/* The slot's socket for that address, or NULL. */
struct escrow *slot_find(const struct slot *s, const struct addr *a, int type);

/* The service that number of config's sockets belongs to. */
const struct config_service *slot_service(const struct config *c, size_t number);

/* The number of e's address in config, or -1. */
int slot_number(const struct escrow *e, const struct config *c);

/* listen() on every socket of config in the slots from first to before end, address by
 * address, slot by slot; for one that listens already its backlog and defer_accept are set.  -1 with errno
 * and *failed the service, also when a slot lacks a socket (ENOTSOCK). */
int slots_listen(struct slot_table *t, const struct config *c, unsigned first, unsigned end,
	const struct config_service **failed);

/* Whether the slot holds an address that a bind of a would meet: the same port,
 * and one of them a wildcard, or both the same. */
bool slot_overlaps(const struct slot *s, const struct addr *a, int type);

/* Closes every socket of every slot. */
void slots_close(struct slot_table *t);

/* Closes what config does not name. */
void slots_keep_only(struct slot_table *t, const struct config *c);

/* Closes number i of the slot's sockets; the last one takes its place. */
void slot_close(struct slot *s, size_t i);

#endif
