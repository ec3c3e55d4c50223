/* SPDX-License-Identifier: MIT */
/*
 * limits.c - how many connections a service has in this worker, in all and
 * from one client.
 */
#include "proto/limits.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

enum { PLACES_FIRST = 64 };

void limits_init(struct limits *l, size_t max_open, size_t max_client)
{
	*l = (struct limits){ .max_open = max_open, .max_client = max_client };
	if (getrandom(&l->secret, sizeof(l->secret), GRND_NONBLOCK) < 0)
		l->secret = clock_ns();  /* early at boot: better than a constant */
}

void limits_fini(struct limits *l)
{
	free(l->clients);
	l->clients = NULL;
}

/* The two families do not meet: no IPv6 address begins with 16 bits of 1, which is
 * multicast, and those stand in front of an IPv4 one.  An IPv4 address in IPv6 dress is one. */
static uint64_t client_of(const struct addr *a)
{
	uint64_t network;
	uint32_t v4;

	/* By a unix socket: nobody is told from another there. */
	if (a->sa.sa_family == AF_UNIX)
		return 0;
	if (a->sa.sa_family == AF_INET) {
		v4 = ntohl(a->in.sin_addr.s_addr);
	} else if (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr)) {
		memcpy(&v4, a->in6.sin6_addr.s6_addr + 12, sizeof(v4));
		v4 = ntohl(v4);
	} else {
		memcpy(&network, a->in6.sin6_addr.s6_addr, sizeof(network));
		return be64toh(network);
	}
	return UINT64_C(0xffff) << 48 | v4;
}

/* Clients choose their addresses, so the order in the table is a secret: the finisher of
 * MurmurHash3, keyed. */
static size_t place_of(const struct limits *l, uint64_t network)
{
	uint64_t h = network ^ l->secret;

	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	h ^= l->secret >> 32;
	return (h ^ h >> 33) & (l->places - 1);
}

/* The client's place, or the free one where it would be. */
static struct limits_client *look_up(const struct limits *l, uint64_t network)
{
	size_t i = place_of(l, network);

	while (l->clients[i].open > 0 && l->clients[i].network != network)
		i = (i + 1) & (l->places - 1);
	return &l->clients[i];
}

static int grow(struct limits *l)
{
	struct limits old = *l;

	l->places = old.places ? old.places * 2 : PLACES_FIRST;
	l->clients = calloc(l->places, sizeof(*l->clients));
	if (!l->clients) {
		*l = old;
		errno = ENOMEM;
		return -1;
	}
	for (size_t i = 0; i < old.places; i++)
		if (old.clients[i].open > 0)
			*look_up(l, old.clients[i].network) = old.clients[i];
	free(old.clients);
	return 0;
}

static int enter_client(struct limits *l, uint64_t network)
{
	/* At most two places in three are taken, so a search is short and ends. */
	if (l->taken * 3 >= l->places * 2 && grow(l) < 0)
		return -1;
	struct limits_client *c = look_up(l, network);
	if (c->open >= l->max_client) {
		errno = EUSERS;
		return -1;
	}
	if (c->open == 0)
		l->taken++;
	c->network = network;
	c->open++;
	return 0;
}

int limits_reserve(struct limits *l)
{
	if (l->max_open > 0 && l->open >= l->max_open) {
		errno = EUSERS;
		return -1;
	}
	l->open++;
	return 0;
}

void limits_give_up(struct limits *l)
{
	assert(l->open > 0);
	l->open--;
}

int limits_enter(struct limits *l, const struct addr *peer, uint64_t *client)
{
	if (limits_reserve(l) < 0)
		return -1;
	*client = client_of(peer);
	if (l->max_client == 0 || enter_client(l, *client) == 0)
		return 0;
	limits_give_up(l);
	return -1;
}

/* Without tombstones: what stands behind the gap and could have stood in it moves up. */
static void close_gap(struct limits *l, size_t gap)
{
	size_t mask = l->places - 1;

	for (size_t i = (gap + 1) & mask; l->clients[i].open > 0; i = (i + 1) & mask) {
		size_t home = place_of(l, l->clients[i].network);
		if (((i - home) & mask) < ((i - gap) & mask))
			continue;
		l->clients[gap] = l->clients[i];
		l->clients[i].open = 0;
		gap = i;
	}
}

static void leave_client(struct limits *l, uint64_t network)
{
	struct limits_client *c = look_up(l, network);

	assert(c->open > 0);
	if (--c->open > 0)
		return;
	l->taken--;
	close_gap(l, (size_t)(c - l->clients));
}

void limits_leave(struct limits *l, uint64_t client)
{
	limits_give_up(l);
	if (l->max_client > 0)
		leave_client(l, client);
}
