/* SPDX-License-Identifier: MIT */
/*
 * shares.c - who got how much of a service's new clients lately, and how long its answers took.
 */
#include "master/shares.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/numbers.h"
#include "master/plan.h"
#include "master/slot.h"
#include "sys/page.h"

enum { SAMPLES = SHARES_SECONDS + 1 };

struct share_sample {
	uint64_t clients;        /* so far */
	double   expected;
};

struct share_slot {
	struct share_sample samples[SAMPLES];
	double              expected;    /* clients so far that it should have had */
};

struct service_shares {
	char                   name[PAGE_NAME];
	uint64_t               came;     /* at the last sample, for all slots */
	unsigned               count;    /* samples so far; the newest is the last written */
	unsigned               slot_count;
	struct share_slot     *slots;
	bool                   reloaded;
	struct latency         before;   /* the last reload */
	struct service_shares *next;
};

static struct service_shares *find(const struct master *m, const char *name)
{
	struct service_shares *s = m->shares;

	while (s && strcmp(s->name, name) != 0)
		s = s->next;
	return s;
}

static struct service_shares *have(struct master *m, const char *name)
{
	struct service_shares *s = find(m, name);

	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->next = m->shares;
	m->shares = s;
	return s;
}

static void forget(struct service_shares **at)
{
	struct service_shares *s = *at;

	*at = s->next;
	free(s->slots);
	free(s);
}

void shares_forget(struct master *m)
{
	while (m->shares)
		forget(&m->shares);
}

/* ---- once a second ---- */

/* What a slot had before it came, when it was there before, is not lately. */
static void begin_slot(const struct master *m, struct service_shares *s, unsigned slot)
{
	uint64_t clients = numbers_brief(m, slot, s->name).clients;

	s->slots[slot] = (struct share_slot){0};
	for (unsigned i = 0; i < SAMPLES; i++)
		s->slots[slot].samples[i].clients = clients;
}

static int grow(const struct master *m, struct service_shares *s)
{
	if (s->slot_count >= m->table.count) {
		s->slot_count = m->table.count;
		return 0;
	}
	struct share_slot *slots = realloc(s->slots, m->table.count * sizeof(*slots));
	if (!slots)
		return -1;
	s->slots = slots;
	while (s->slot_count < m->table.count)
		begin_slot(m, s, s->slot_count++);
	return 0;
}

/* What came for it since the last sample should have gone to each slot by its part. */
static void expect(struct master *m, struct service_shares *s, const struct config_service *c,
	double more)
{
	for (unsigned i = 0; i < m->table.count; i++) {
		double part = more * plan_share(m, c, i);
		m->table.slots[i]->history.expected += part;
		s->slots[i].expected += part;
	}
}

void shares_note(struct master *m, const struct config_service *c)
{
	struct service_shares *s = have(m, c->name);
	uint64_t came = 0;

	if (!s || grow(m, s) < 0)
		return;
	for (unsigned i = 0; i < m->table.count; i++) {
		uint64_t clients = numbers_brief(m, i, c->name).clients;
		s->slots[i].samples[s->count % SAMPLES].clients = clients;
		came += clients;
	}
	expect(m, s, c, came > s->came ? (double)(came - s->came) : 0.);
	s->came = came;
	for (unsigned i = 0; i < m->table.count; i++)
		s->slots[i].samples[s->count % SAMPLES].expected = s->slots[i].expected;
	s->count++;
}

/* ---- lately ---- */

static struct share_sample lately(const struct service_shares *s, unsigned slot)
{
	unsigned back = s->count > SHARES_SECONDS ? SHARES_SECONDS : s->count - 1;
	const struct share_sample *now = &s->slots[slot].samples[(s->count - 1) % SAMPLES];
	const struct share_sample *then = &s->slots[slot].samples[(s->count - 1 - back) % SAMPLES];

	return (struct share_sample){
		.clients = now->clients > then->clients ? now->clients - then->clients : 0,
		.expected = now->expected - then->expected,
	};
}

struct share shares_lately(const struct master *m, const char *service, unsigned slot)
{
	const struct service_shares *s = find(m, service);
	struct share out = { .part = -1., .expected = -1. };
	struct share_sample all = {0};

	if (!s || s->count == 0 || slot >= s->slot_count)
		return out;
	for (unsigned i = 0; i < s->slot_count; i++) {
		const struct share_sample one = lately(s, i);
		all.clients += one.clients;
		all.expected += one.expected;
	}
	const struct share_sample own = lately(s, slot);
	out.clients = own.clients;
	if (all.clients > 0)
		out.part = (double)own.clients / (double)all.clients;
	if (all.expected > 0.)
		out.expected = own.expected / all.expected;
	return out;
}

/* ---- since the last reload ---- */

static void note_before(struct master *m, const char *name)
{
	struct service_shares *s = have(m, name);
	struct counts *c = calloc(1, sizeof(*c));

	if (s && c) {
		numbers_service(m, name, c);
		s->before = c->latency;
		s->reloaded = true;
	}
	free(c);
}

static bool is_named(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->service_count; i++)
		if (strcmp(c->services[i].name, name) == 0)
			return true;
	return false;
}

void shares_reloaded(struct master *m)
{
	const struct config *c = m->serving->config;

	for (struct service_shares **at = &m->shares; *at;)
		if (is_named(c, (*at)->name))
			at = &(*at)->next;
		else
			forget(at);
	for (size_t i = 0; i < c->service_count; i++)
		if (!config_is_admin(&c->services[i]))
			note_before(m, c->services[i].name);
}

const struct latency *shares_latency_before(const struct master *m, const char *service)
{
	const struct service_shares *s = find(m, service);
	return s && s->reloaded ? &s->before : NULL;
}
