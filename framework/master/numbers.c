/* SPDX-License-Identifier: MIT */
/*
 * numbers.c - what slots and services have done: the pages of workers that
 * live, and the ledger of those that do not.
 */
#include "master/numbers.h"

#include <stddef.h>
#include <string.h>

#include "master/generation.h"
#include "master/ledger.h"
#include "master/master.h"

/* Calls act for each living worker's page in slot. */
static void for_each_page(const struct master *m, unsigned slot,
	void (*act)(void *arg, const struct member *w), void *arg)
{
	for (const struct generation *g = m->generations; g; g = g->older)
		for (const struct member *w = g->members; w; w = w->next)
			if (w->slot->index == slot)
				act(arg, w);
}

/* ---- briefly ---- */

struct brief_sum {
	const char           *service;
	struct numbers_brief *out;
};

static uint64_t now(const uint64_t *shared)
{
	return __atomic_load_n(shared, __ATOMIC_RELAXED);
}

static void add_counts(struct numbers_brief *to, const struct counts *c)
{
	uint64_t accepted = now(&c->accepted);
	uint64_t in = accepted + now(&c->taken);
	uint64_t out = now(&c->closed) + now(&c->given) + now(&c->lost);

	to->accepted += accepted;
	to->active += in > out ? in - out : 0;
	to->clients += accepted + now(&c->datagrams_in);
	to->answered += now(&c->latency.count);
}

/* name may be a worker's to write, and not end. */
static bool is_asked_for(const char *service, const char *name)
{
	return !service || strncmp(service, name, PAGE_NAME) == 0;
}

/* The admin service has no name, and is none of what is counted. */
static bool is_counted(const char *service, const struct page_service *s)
{
	return s->name[0] != '\0' && is_asked_for(service, s->name);
}

static void add_brief(void *arg, const struct member *w)
{
	struct brief_sum *sum = arg;

	for (unsigned i = 0; i < w->services; i++)
		if (is_counted(sum->service, &w->page->services[i]))
			add_counts(sum->out, &w->page->services[i].counts);
}

struct numbers_brief numbers_brief(const struct master *m, unsigned slot, const char *service)
{
	struct numbers_brief out = {0};

	for_each_page(m, slot, add_brief, &(struct brief_sum){ service, &out });
	for (size_t i = 0; i < m->ledger.service_count; i++) {
		const struct ledger_service *s = &m->ledger.services[i];
		if (s->slot == slot && is_asked_for(service, s->name))
			add_counts(&out, &s->counts);
	}
	return out;
}

/* ---- in full ---- */

struct full_sum {
	const char    *service;  /* NULL: all */
	struct counts *out;
};

static void add_full(void *arg, const struct member *w)
{
	struct full_sum *sum = arg;
	struct counts c;

	for (unsigned i = 0; i < w->services; i++) {
		if (!is_counted(sum->service, &w->page->services[i]))
			continue;
		counts_read(&c, &w->page->services[i].counts);
		counts_merge(sum->out, &c);
	}
}

/* Of every slot that ever was: one that has been scaled away did what it did. */
void numbers_service(const struct master *m, const char *service, struct counts *out)
{
	for (const struct generation *g = m->generations; g; g = g->older)
		for (const struct member *w = g->members; w; w = w->next)
			add_full(&(struct full_sum){ service, out }, w);
	for (size_t i = 0; i < m->ledger.service_count; i++)
		if (is_asked_for(service, m->ledger.services[i].name))
			counts_merge(out, &m->ledger.services[i].counts);
}

/* service NULL: all of them. */
static void add_slot(const struct master *m, unsigned slot, const char *service, struct counts *out)
{
	for_each_page(m, slot, add_full, &(struct full_sum){ service, out });
	for (size_t i = 0; i < m->ledger.service_count; i++) {
		const struct ledger_service *s = &m->ledger.services[i];
		if (s->slot == slot && is_asked_for(service, s->name))
			counts_merge(out, &s->counts);
	}
}

void numbers_slot(const struct master *m, unsigned slot, struct counts *out)
{
	add_slot(m, slot, NULL, out);
}

void numbers_service_in(const struct master *m, unsigned slot, const char *service,
	struct counts *out)
{
	add_slot(m, slot, service, out);
}

void numbers_generation(const struct generation *g, struct counts *out)
{
	for (const struct member *w = g->members; w; w = w->next)
		add_full(&(struct full_sum){ NULL, out }, w);
}

static void add_busy(void *arg, const struct member *w)
{
	*(uint64_t *)arg += now(&w->page->busy);
}

uint64_t numbers_busy(const struct master *m, unsigned slot)
{
	uint64_t sum = ledger_loop(&m->ledger, slot).busy;

	for_each_page(m, slot, add_busy, &sum);
	return sum;
}

static void add_offload(void *arg, const struct member *w)
{
	const struct page_offload *o = &w->page->offload;
	struct numbers_offload *sum = arg;

	sum->threads += atomic_load_explicit(&o->threads, memory_order_relaxed);
	sum->busy += atomic_load_explicit(&o->busy, memory_order_relaxed);
	sum->queued += atomic_load_explicit(&o->queued, memory_order_relaxed);
}

struct numbers_offload numbers_offload(const struct master *m, unsigned slot)
{
	struct numbers_offload sum = {0};

	for_each_page(m, slot, add_offload, &sum);
	return sum;
}

/* ---- what is over ---- */

static bool is_known(const void *arg, const char *service)
{
	const struct master *m = arg;

	for (const struct generation *g = m->generations; g; g = g->older)
		for (size_t i = 0; i < g->config->service_count; i++)
			if (strcmp(g->config->services[i].name, service) == 0)
				return true;
	return false;
}

void numbers_forget(struct master *m)
{
	if (m->serving)
		ledger_forget(&m->ledger, is_known, m);
}
