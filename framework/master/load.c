/* SPDX-License-Identifier: MIT */
/*
 * load.c - what the workers of a service with balance = load have to do.
 *
 * The work of a slot is its open connections and those that wait in its queues.
 *
 * The table counts what the program gave and what workers have ended.  It drifts: a
 * SYN whose handshake never ended was given and never came; a worker died with
 * its connections.  A drift that is there in each of TICKS looks is no
 * handshake on its way, and is taken off.
 */
#include "master/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/numbers.h"
#include "master/slot.h"
#include "sys/page.h"
#include "sys/shortest.h"
#include "sys/sock.h"

enum { TICKS = 10 };

/* Without a table: no slot gets less than an eighth of its even part, so that its numbers
 * stay true, nor more than four times it, so that no queue runs over until the next look. */
#define FLOOR .125
#define CAP 4.

struct drift {
	int64_t least, most;     /* in the looks so far */
};

struct load {
	char                   service[PAGE_NAME];
	struct shortest_table *table;
	int                    fd;
	char                   why[256];
	bool                   given_up;
	unsigned               ticks;
	struct drift           drifts[CONFIG_MAX_WORKERS];
	double                 shares[CONFIG_MAX_WORKERS];
	uint64_t               came;     /* accepted by all, at the last look */
	struct load           *next;
};

/* ---- making ---- */

struct shortest_table *load_table(const struct load *l)
{
	return l->given_up ? NULL : l->table;
}

struct load *load_find(const struct master *m, const char *service)
{
	struct load *l = m->loads;

	while (l && strcmp(l->service, service) != 0)
		l = l->next;
	return l;
}

static void tell_why(const struct load *l)
{
	log_warn("service %s: balance = load by weights that are renewed ten times a second: %s",
		l->service, l->why);
}

static void load_create(struct master *m, const char *service)
{
	struct load *l = calloc(1, sizeof(*l));

	if (!l) {
		log_error("service %s: no memory to balance by load", service);
		return;
	}
	snprintf(l->service, sizeof(l->service), "%s", service);
	for (unsigned i = 0; i < CONFIG_MAX_WORKERS; i++)
		l->shares[i] = 1. / CONFIG_MAX_WORKERS;  /* even, until the first look */
	l->table = shortest_create(&l->fd, l->why, sizeof(l->why));
	if (!l->table) {
		l->fd = -1;
		tell_why(l);
	}
	l->next = m->loads;
	m->loads = l;
}

void load_each(const struct master *m, void (*tell)(void *arg, const char *service, int fd), void *arg)
{
	for (const struct load *l = m->loads; l; l = l->next)
		if (load_table(l))
			tell(arg, l->service, l->fd);
}

void load_adopt(struct master *m, const char *service, int fd)
{
	struct load *l = calloc(1, sizeof(*l));
	struct shortest_table *table = l ? shortest_open(fd) : NULL;

	if (!table) {
		close(fd);
		free(l);
		return;          /* load_prepare() makes another one */
	}
	snprintf(l->service, sizeof(l->service), "%s", service);
	l->table = table;
	l->fd = fd;
	l->next = m->loads;
	m->loads = l;
}

void load_prepare(struct master *m, const struct config *c)
{
	for (size_t i = 0; i < c->service_count; i++)
		if (c->services[i].balance == CONFIG_LOAD && !load_find(m, c->services[i].name))
			load_create(m, c->services[i].name);
}

static void destroy(struct load *l)
{
	shortest_destroy(l->table);
	if (l->fd >= 0)
		close(l->fd);
	free(l);
}

static bool is_named(const struct generation *g, const char *service)
{
	for (size_t i = 0; g && i < g->config->service_count; i++)
		if (g->config->services[i].balance == CONFIG_LOAD
			&& strcmp(g->config->services[i].name, service) == 0)
			return true;
	return false;
}

int load_drop_unused(struct master *m)
{
	for (struct load **at = &m->loads; *at; at = &(*at)->next) {
		struct load *l = *at;
		if (is_named(m->serving, l->service) || is_named(m->starting, l->service))
			continue;
		int fd = l->fd;
		*at = l->next;
		destroy(l);
		return fd >= 0 ? fd : load_drop_unused(m);
	}
	return -1;
}

void load_fini(struct master *m)
{
	while (m->loads) {
		struct load *l = m->loads;
		m->loads = l->next;
		destroy(l);
	}
}

void load_give_up(struct load *l, const char *why)
{
	snprintf(l->why, sizeof(l->why), "%s", why);
	l->given_up = true;
	tell_why(l);
}

int load_fd(const struct load *l)
{
	return l->fd;
}

const char *load_why(const struct load *l)
{
	return l->why;
}

bool load_any(const struct master *m)
{
	return m->loads != NULL;
}

double load_share(const struct load *l, unsigned slot)
{
	return l->shares[slot];
}

void load_let(struct load *l, const bool *closed, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		shortest_let(&l->table->slots[i], !closed[i]);
	for (unsigned i = count; i < SHORTEST_SLOTS; i++)
		shortest_let(&l->table->slots[i], false);
	atomic_store_explicit(&l->table->count, count, memory_order_relaxed);
}

/* ---- what is true ---- */

static int64_t queued(const struct slot *s, const struct config_service *c)
{
	int64_t sum = 0;

	for (size_t i = 0; i < c->listen_count; i++) {
		const struct escrow *e = slot_find(s, &c->listens[i], SOCK_STREAM);
		int n = e && e->listening ? sock_queue(e->fd) : 0;
		sum += n > 0 ? n : 0;
	}
	return sum;
}

/* ---- with a table ---- */

static void look(struct load *l, unsigned slot, int64_t work)
{
	struct drift *d = &l->drifts[slot];
	int64_t drift = shortest_length(&l->table->slots[slot]) - work;

	if (l->ticks == 0 || drift < d->least)
		d->least = drift;
	if (l->ticks == 0 || drift > d->most)
		d->most = drift;
}

static void correct(struct load *l, unsigned slot)
{
	const struct drift *d = &l->drifts[slot];
	int64_t by = d->least > 0 ? d->least : d->most < 0 ? d->most : 0;

	if (by != 0)
		shortest_settle(&l->table->slots[slot], shortest_length(&l->table->slots[slot]) - by);
}

static void keep_true(struct load *l, const int64_t *work, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		look(l, i, work[i]);
	if (++l->ticks < TICKS)
		return;
	for (unsigned i = 0; i < count; i++)
		correct(l, i);
	l->ticks = 0;
}

/* ---- without one ---- */

/* As many as came since the last look will come until the next one: they are shared out
 * so that all would have the same then. */
static void share_out(struct load *l, const int64_t *work, unsigned count, uint64_t accepted)
{
	/* Fewer than before: slots have ended, and what they had accepted is no more counted. */
	double coming = accepted > l->came && l->came > 0 ? (double)(accepted - l->came) : 0., all = coming, sum = 0.;

	l->came = accepted;
	for (unsigned i = 0; i < count; i++)
		all += (double)work[i];
	for (unsigned i = 0; i < count; i++) {
		double even = coming / count, lacks = all / count - (double)work[i];
		double least = even * FLOOR + 1e-3, most = even * CAP + 1e-3;
		l->shares[i] = lacks < least ? least : lacks > most ? most : lacks;
		sum += l->shares[i];
	}
	for (unsigned i = 0; i < count; i++)
		l->shares[i] /= sum;
}

/* ---- both ---- */

static void renew(struct master *m, struct load *l, const struct config_service *c)
{
	int64_t work[CONFIG_MAX_WORKERS];
	uint64_t accepted = 0;

	for (unsigned i = 0; i < m->table.active; i++) {
		struct numbers_brief n = numbers_brief(m, i, c->name);
		work[i] = (int64_t)n.active + queued(m->table.slots[i], c);
		accepted += n.accepted;
	}
	if (load_table(l))
		keep_true(l, work, m->table.active);
	else
		share_out(l, work, m->table.active, accepted);
}

static const struct config_service *find_service(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->service_count; i++)
		if (strcmp(c->services[i].name, name) == 0)
			return &c->services[i];
	return NULL;
}

void load_lost(struct master *m, unsigned slot)
{
	for (struct load *l = m->serving && slot < m->table.active ? m->loads : NULL; l; l = l->next) {
		const struct config_service *c = find_service(m->serving->config, l->service);
		if (c && load_table(l))
			shortest_settle(&l->table->slots[slot],
				(int64_t)numbers_brief(m, slot, c->name).active
				+ queued(m->table.slots[slot], c));
	}
}

void load_renew(struct master *m)
{
	const struct config *c = m->serving->config;

	for (size_t i = 0; i < c->service_count; i++) {
		struct load *l = c->services[i].balance == CONFIG_LOAD
			? load_find(m, c->services[i].name) : NULL;
		if (l)
			renew(m, l, &c->services[i]);
	}
}
