/* SPDX-License-Identifier: MIT */
/*
 * rate_list.h - what a worker let through lately, by client, and how one machine says it to another.
 *
 *	"prl1" | all: 4 | machine: 8 | client | client | ...
 *	client   network: 16 | count: 4
 *
 * Numbers have their high bytes first; an IPv4 network is one of ::ffff:0:0/96.  all is how many they
 * were together, with those of clients that are not in the list, and a count is never 0.
 */
#ifndef PORTICO_PROTO_RATE_LIST_H
#define PORTICO_PROTO_RATE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/rates.h"

enum {
	RATE_LIST = 1024,                /* clients at most */
	RATE_LIST_HEAD = 16,
	RATE_LIST_CLIENT = 20,
	RATE_LIST_BYTES = RATE_LIST_HEAD + RATE_LIST * RATE_LIST_CLIENT,
};

struct rate_listed {
	uint64_t             name;       /* here: rates_name() of the network; 0 in what was read */
	struct rates_network network;
	uint32_t             count;
};

struct rate_list {               /* all zero: nothing was let through */
	uint32_t           all;
	unsigned           count;        /* of clients */
	struct rate_listed clients[RATE_LIST];
	uint16_t           places[2 * RATE_LIST];        /* by name: a client's number and 1; 0: nobody */
};

/* One more of a client.  False: there is no room for him, and nothing has changed. */
bool rate_list_add(struct rate_list *l, uint64_t name, struct rates_network network);
void rate_list_clear(struct rate_list *l);

size_t rate_list_write(const struct rate_list *l, uint64_t machine, char out[RATE_LIST_BYTES]);

/* What another machine said, borrowed. */
struct rate_letter {
	uint64_t             machine;
	uint32_t             all;
	unsigned             count;
	const unsigned char *clients;
};

/* -1: it is none, or not whole. */
int rate_letter_read(struct rate_letter *l, const void *data, size_t len);
struct rate_listed rate_letter_client(const struct rate_letter *l, unsigned i);

#endif
