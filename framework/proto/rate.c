/* SPDX-License-Identifier: MIT */
/*
 * rate.c - how often a service is used, by all its clients and by each, over all workers.
 */
#include "proto/rate.h"

#include <endian.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "proto/rate_join.h"

#define MAPPED (UINT64_C(0xffff) << 32)  /* ::ffff:0:0/96 */

/* ---- who it is ---- */

/* The first bits of 64: more are all, and none is nothing. */
static uint64_t first_bits(uint64_t of, unsigned bits)
{
	if (bits >= 64)
		return of;
	return bits > 0 ? of & UINT64_MAX << (64 - bits) : 0;
}

static struct rates_network of_ipv4(const struct rate *r, uint32_t ip)
{
	return (struct rates_network){ .low = MAPPED | first_bits((uint64_t)ip << 32, r->prefix4) >> 32 };
}

/* As many bits as count. */
static struct rates_network cut(const struct rate *r, struct rates_network n)
{
	if (n.high == 0 && n.low >> 32 == MAPPED >> 32)
		return of_ipv4(r, (uint32_t)n.low);
	n.high = first_bits(n.high, r->prefix6);
	n.low = first_bits(n.low, r->prefix6 > 64 ? r->prefix6 - 64 : 0);
	return n;
}

static struct rates_network of_ipv6(const struct rate *r, const struct in6_addr *ip)
{
	struct rates_network n;

	memcpy(&n, ip, sizeof(n));
	return cut(r, (struct rates_network){ be64toh(n.high), be64toh(n.low) });
}

/* By a unix socket nobody is told from another. */
struct rates_network rate_network(const struct rate *r, const struct addr *peer)
{
	if (peer->sa.sa_family == AF_INET)
		return of_ipv4(r, ntohl(peer->in.sin_addr.s_addr));
	if (peer->sa.sa_family == AF_INET6)
		return of_ipv6(r, &peer->in6.sin6_addr);
	return (struct rates_network){ 0 };
}

uint64_t rate_client(const struct rate *r, const struct addr *peer)
{
	if (r->rules[COUNT_CLIENT].each == 0)
		return 0;
	return rates_name(r->shared, rate_network(r, peer));
}

/* ---- whether he may ---- */

static void tell(const struct rate *r, enum count_scope scope, const struct addr *peer, uint64_t now)
{
	static const char *const names[COUNT_SCOPES] = {
		[COUNT_CLIENT] = "rate_client",
		[COUNT_SERVICE] = "rate",
	};
	char text[ADDR_TEXT], more[64] = "";
	uint64_t missed;

	if (!rates_may_tell(r->shared, now, &missed))
		return;
	if (missed > 0)
		snprintf(more, sizeof(more), "; %" PRIu64 " more were since this was last told", missed);
	log_warn("service %s: %s is over %s = %s and %s%s", r->service, addr_format(peer, text),
		names[scope], r->texts[scope], r->reports ? "would be refused" : "is refused", more);
}

static bool refuse(const struct rate *r, enum count_scope scope, const struct addr *peer, uint64_t now)
{
	r->counts->limited[scope]++;
	tell(r, scope, peer, now);
	return r->reports;
}

bool rate_allows(const struct rate *r, uint64_t client, const struct addr *peer, uint64_t now,
	uint64_t *wait)
{
	const struct bucket_rule *own = &r->rules[COUNT_CLIENT], *all = &r->rules[COUNT_SERVICE];
	bucket_word *bucket = NULL;
	uint64_t unheard;

	if (!wait)
		wait = &unheard;
	if (own->each > 0) {
		bucket = rates_client(r->shared, client);
		if (!bucket_take(bucket, own, now, wait))
			return refuse(r, COUNT_CLIENT, peer, now);
	}
	if (all->each == 0 || bucket_take(rates_service(r->shared), all, now, wait)) {
		if (r->join)
			rate_join_note(r->join, client, peer);
		return true;
	}
	if (bucket)
		bucket_give_back(bucket, own);
	return refuse(r, COUNT_SERVICE, peer, now);
}

void rate_charge_client(const struct rate *r, struct rates_network network, uint64_t count, uint64_t now)
{
	const struct bucket_rule *own = &r->rules[COUNT_CLIENT];

	if (own->each > 0)
		bucket_charge(rates_client(r->shared, rates_name(r->shared, cut(r, network))), own, now, count);
}

void rate_charge_service(const struct rate *r, uint64_t count, uint64_t now)
{
	const struct bucket_rule *all = &r->rules[COUNT_SERVICE];

	if (all->each > 0)
		bucket_charge(rates_service(r->shared), all, now, count);
}
