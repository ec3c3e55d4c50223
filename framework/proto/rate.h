/* SPDX-License-Identifier: MIT */
/*
 * rate.h - how often a service is used, by all its clients and by each, over all workers: http counts
 * requests, tcp connections and udp datagrams.
 *
 * A client is who a PROXY header says, and of his address as many bits count as the service says: who has
 * one IPv6 address of a network mostly has them all.  His bucket is asked first: one who goes too far must
 * not use up what is everybody's.
 */
#ifndef PORTICO_PROTO_RATE_H
#define PORTICO_PROTO_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/addr.h"
#include "sys/bucket.h"
#include "sys/counts.h"
#include "sys/rates.h"

struct rate_join;

struct rate {                    /* of one service in this worker */
	struct rates      *shared;       /* borrowed, as all here */
	struct bucket_rule rules[COUNT_SCOPES];
	const char        *texts[COUNT_SCOPES];  /* "10/s", for the log */
	unsigned           prefix4, prefix6;     /* bits of an address that count */
	bool               reports;      /* nobody is refused: it is told and counted only */
	const char        *service;
	struct counts     *counts;
	struct rate_join  *join;         /* with other machines; NULL: this one is alone */
};

/* Who peer is one of: an IPv4 address is one of ::ffff:0:0/96. */
struct rates_network rate_network(const struct rate *r, const struct addr *peer);

/* Who peer is, for rate_allows(): does not change while he stays. */
uint64_t rate_client(const struct rate *r, const struct addr *peer);

/* Whether client, who is peer, may once more, at now by clock_ns().  If not, it is counted and seldom
 * logged (by one of all workers), and *wait (NULL is fine) is the ns after which he may ask again. */
bool rate_allows(const struct rate *r, uint64_t client, const struct addr *peer, uint64_t now,
	uint64_t *wait);

/* So many of a client's network, of all clients, were let through by another machine, at now. */
void rate_charge_client(const struct rate *r, struct rates_network network, uint64_t count, uint64_t now);
void rate_charge_service(const struct rate *r, uint64_t count, uint64_t now);

#endif
