/* SPDX-License-Identifier: MIT */
/*
 * plan.c - who of a group gets how much of its new clients.
 *
 * A group is left to the kernel's hash while that does what was asked for: as
 * soon as one of its members must not be chosen a program chooses, since the
 * hash is over all of them.
 */
#include "master/plan.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "master/canary.h"
#include "master/load.h"
#include "master/master.h"
#include "master/slot.h"

/* What all weights of a group add up to, about, so that a part of it is exact enough. */
#define WHOLE 1000000.

/* Slots behind those that are named have the part of the last one. */
static double own_weight(const struct config_service *s, unsigned slot)
{
	if (s->balance != CONFIG_WEIGHTS || s->weight_count == 0)
		return 1.;
	return s->weights[slot < s->weight_count ? slot : s->weight_count - 1];
}

static double sum_of_weights(const struct master *m, const struct config_service *s)
{
	double sum = 0.;

	for (unsigned i = 0; i < m->table.active; i++)
		sum += own_weight(s, i);
	return sum;
}

double plan_share(const struct master *m, const struct config_service *s, unsigned slot)
{
	double sum = sum_of_weights(m, s), canaries = canary_share(m);

	if (slot >= m->table.active)
		return canary_has(m, slot) ? canaries / canary_slots(m) : 0.;
	/* Those with a weight may have ended, and somebody has to serve. */
	return (1. - canaries) * (sum > 0. ? own_weight(s, slot) / sum : 1. / m->table.active);
}

static bool is_member(const struct slot *s, const struct escrow *first)
{
	const struct escrow *e = slot_find(s, &first->addr, first->type);

	return e && (e->type == SOCK_DGRAM || e->listening);
}

static unsigned count_members(const struct master *m, const struct escrow *first)
{
	unsigned count = 0;

	for (unsigned i = 0; i < m->table.count; i++)
		if (is_member(m->table.slots[i], first))
			count = i + 1;
	return count;
}

/* If nobody is left to choose, nothing is made worse: all may be chosen. */
static void close_members(struct plan *p, const struct master *m, const struct escrow *first)
{
	bool any_open = false;

	for (unsigned i = 0; i < p->count; i++) {
		const struct slot *s = m->table.slots[i];
		p->closed[i] = slot_keeps_waiting(s, first->type) || s->drained
			|| p->weights[i] == 0 || !is_member(s, first);
		any_open = any_open || !p->closed[i];
	}
	for (unsigned i = 0; i < p->count && !any_open; i++)
		p->closed[i] = p->weights[i] == 0 || !is_member(m->table.slots[i], first);
}

static void weigh(struct plan *p, const struct master *m, const struct config_service *service,
	const struct load *load)
{
	for (unsigned i = 0; i < p->count; i++) {
		double share = plan_share(m, service, i);
		if (load && i < m->table.active)
			share = (1. - canary_share(m)) * load_share(load, i);
		p->weights[i] = (uint32_t)(share * WHOLE + .5);
		if (share > 0. && p->weights[i] == 0)
			p->weights[i] = 1;
	}
}

/* UDP: a member that the plan does not know yet takes datagrams as soon as it is
 * bound, and nobody reads them. */
static bool others_are_coming(const struct master *m, const struct escrow *first)
{
	return first->type == SOCK_DGRAM && m->table.count > m->table.active;
}

static bool needs_program(const struct plan *p, const struct master *m, const struct escrow *first)
{
	if (p->count > m->table.active || others_are_coming(m, first))
		return true;
	/* A stalled slot's UDP sockets are read by a sibling: no flow need move. */
	for (unsigned i = 0; i < p->count; i++)
		if (p->closed[i] && (first->type == SOCK_STREAM || m->table.slots[i]->drained))
			return true;
	return false;
}

static void choose_program(struct plan *p, const struct escrow *first, const struct config_service *s)
{
	p->by = first->type == SOCK_STREAM ? STEER_CHANCE : STEER_FLOW;
	if (s->balance == CONFIG_SOURCE) {
		p->by = STEER_SOURCE;
		p->prefix = first->addr.sa.sa_family == AF_INET ? s->prefix4 : s->prefix6;
	} else if (s->balance == CONFIG_PAYLOAD) {
		p->by = STEER_PAYLOAD;
		p->offset = s->payload_offset;
		p->length = s->payload_length;
	}
}

void plan_make(struct plan *p, const struct master *m, const struct escrow *first,
	const struct config_service *service, const struct load *load)
{
	bool canaries = canary_share(m) > 0.;

	memset(p, 0, sizeof(*p));
	p->count = count_members(m, first);
	assert(p->count <= CONFIG_MAX_WORKERS);
	weigh(p, m, service, load && !load_table(load) ? load : NULL);
	close_members(p, m, first);
	p->runs = PLAN_CLASSIC;
	choose_program(p, first, service);
	if (load && load_table(load) && !canaries)
		p->runs = PLAN_SHORTEST;
	else if (service->balance == CONFIG_CPU && !canaries)
		p->by = STEER_CPU;       /* which knows no parts: a canary has to do without it */
	else if (service->balance == CONFIG_HASH && !needs_program(p, m, first))
		p->runs = PLAN_HASH;
}

bool plan_equal(const struct plan *a, const struct plan *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}
