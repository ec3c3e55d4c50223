/* SPDX-License-Identifier: MIT */
/*
 * rate.c - how often a service is used, by all its clients and by each, over all workers.
 */
#include "proto/rate.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "sys/rates.h"

enum { MAPPED = 96 };            /* bits of ::ffff:0:0/96 */

/* ---- who it is ---- */

static void keep_bits(unsigned char network[RATES_NETWORK], unsigned bits)
{
	unsigned whole = bits / 8;

	if (bits % 8 > 0)
		network[whole++] &= (unsigned char)(0xff00 >> bits % 8);
	memset(network + whole, 0, RATES_NETWORK - whole);
}

/* An IPv4 address as an IPv6 one, in whose dress it may come.  By a unix socket all are one. */
static void network_of(const struct rate *r, const struct addr *a, unsigned char out[RATES_NETWORK])
{
	static const unsigned char mapped[MAPPED / 8] = { [10] = 0xff, [11] = 0xff };
	unsigned bits = r->prefix6;

	memset(out, 0, RATES_NETWORK);
	if (a->sa.sa_family == AF_INET) {
		memcpy(out, mapped, sizeof(mapped));
		memcpy(out + sizeof(mapped), &a->in.sin_addr, sizeof(a->in.sin_addr));
		bits = MAPPED + r->prefix4;
	} else if (a->sa.sa_family == AF_INET6) {
		memcpy(out, &a->in6.sin6_addr, RATES_NETWORK);
		if (IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
			bits = MAPPED + r->prefix4;
	}
	keep_bits(out, bits);
}

uint64_t rate_client(const struct rate *r, const struct addr *peer)
{
	unsigned char network[RATES_NETWORK];

	if (r->rules[COUNT_CLIENT].each == 0)
		return 0;
	network_of(r, peer, network);
	return rates_name(r->shared, network);
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
	if (all->each == 0 || bucket_take(rates_service(r->shared), all, now, wait))
		return true;
	if (bucket)
		bucket_give_back(bucket, own);
	return refuse(r, COUNT_SERVICE, peer, now);
}

void rate_charge(const struct rate *r, const struct addr *peer, uint64_t count, uint64_t now)
{
	const struct bucket_rule *own = &r->rules[COUNT_CLIENT], *all = &r->rules[COUNT_SERVICE];

	if (own->each > 0)
		bucket_charge(rates_client(r->shared, rate_client(r, peer)), own, now, count);
	if (all->each > 0)
		bucket_charge(rates_service(r->shared), all, now, count);
}
