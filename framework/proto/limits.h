/* SPDX-License-Identifier: MIT */
/*
 * limits.h - how many connections a service has in this worker, in all and
 * from one client.
 *
 * A client is an IPv4 address, or the first 64 bits of an IPv6 one: whoever has one address
 * of such a network has them all.  The table of clients is open addressing over a secret
 * hash; it has a place for each client that is connected, so what bounds connections
 * bounds it.
 */
#ifndef PORTICO_PROTO_LIMITS_H
#define PORTICO_PROTO_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#include "sys/addr.h"

struct limits_client {
	uint64_t network;        /* by client_of() in limits.c */
	uint64_t open;           /* connections; 0: a free place */
};

struct limits {
	size_t                max_open;      /* 0: no limit */
	size_t                max_client;    /* 0: no limit, and no table */
	size_t                open;
	struct limits_client *clients;
	size_t                places;        /* a power of two, or 0 */
	size_t                taken;
	uint64_t              secret;
};

void limits_init(struct limits *l, size_t max_open, size_t max_client);
void limits_fini(struct limits *l);

/* A connection of peer begins: 0, and limits_leave() of *client is due; or -1 with EUSERS
 * (over a limit) or ENOMEM. */
int  limits_enter(struct limits *l, const struct addr *peer, uint64_t *client);
void limits_leave(struct limits *l, uint64_t client);

/* A place for a connection whose client is not known yet: 0, and limits_give_up() is due, right
 * before limits_enter() if it comes to that; or -1 with EUSERS. */
int  limits_reserve(struct limits *l);
void limits_give_up(struct limits *l);

#endif
