/* SPDX-License-Identifier: MIT */
/*
 * shared.c - memory that the workers of a service share, of all generations.
 *
 * What a service's workers share is known by its name and size: of another size it is another
 * one, and begins empty, while workers that drain go on with theirs.
 */
#include "master/shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "master/generation.h"
#include "master/master.h"
#include "sys/bus.h"
#include "sys/rates.h"
#include "sys/table.h"

struct shared {
	char             service[PAGE_NAME];
	enum shared_kind kind;
	union {
		struct table *table;
		struct bus   *bus;
		struct rates *rates;
		void         *any;
	};
	struct shared   *next;
};

static const char *const names[SHARED_KINDS] = {
	[SHARED_TABLE] = "table",
	[SHARED_BUS] = "bus",
	[SHARED_RATES] = "rates",
};

/* ---- kinds ---- */

static size_t size_of(const struct shared *s)
{
	switch (s->kind) {
	case SHARED_TABLE:
		return table_size(s->table);
	case SHARED_BUS:
		return bus_size(s->bus);
	default:
		return rates_clients(s->rates);
	}
}

/* As the service says; 0: it has none. */
static size_t size_in(const struct config_service *c, enum shared_kind kind)
{
	switch (kind) {
	case SHARED_TABLE:
		return c->table;
	case SHARED_BUS:
		return c->publish;
	default:
		return config_has_rate(c) ? c->rate_clients : 0;
	}
}

static void *make(const char *service, enum shared_kind kind, size_t size)
{
	switch (kind) {
	case SHARED_TABLE:
		return table_create(service, size);
	case SHARED_BUS:
		return bus_create(size);
	default:
		return rates_create(size);
	}
}

static void end(enum shared_kind kind, void *any)
{
	switch (kind) {
	case SHARED_TABLE:
		table_destroy(any);
		break;
	case SHARED_BUS:
		bus_destroy(any);
		break;
	default:
		rates_destroy(any);
	}
}

/* ---- the list ---- */

static bool is_named(const struct shared *s, const struct config_service *c)
{
	return strcmp(s->service, c->name) == 0 && size_of(s) == size_in(c, s->kind);
}

static void *find(const struct master *m, const struct config_service *c, enum shared_kind kind)
{
	const struct shared *s = m->shared;

	while (s && !(s->kind == kind && is_named(s, c)))
		s = s->next;
	return s ? s->any : NULL;
}

static bool has_another(const struct master *m, const char *service, enum shared_kind kind)
{
	const struct shared *s = m->shared;

	while (s && !(s->kind == kind && strcmp(s->service, service) == 0))
		s = s->next;
	return s != NULL;
}

/* Takes what was made, which may be nothing; -1 and ENOMEM: it is gone. */
static int enlist(struct master *m, const char *service, enum shared_kind kind, void *any)
{
	struct shared *s = any ? calloc(1, sizeof(*s)) : NULL;

	if (!s) {
		end(kind, any);
		return -1;
	}
	snprintf(s->service, sizeof(s->service), "%s", service);
	s->kind = kind;
	s->any = any;
	s->next = m->shared;
	m->shared = s;
	return 0;
}

static int prepare(struct master *m, const struct config_service *c, enum shared_kind kind)
{
	size_t size = size_in(c, kind);

	if (size == 0 || find(m, c, kind))
		return 0;
	if (kind == SHARED_TABLE && has_another(m, c->name, kind))
		log_info("service %s: its table has another size and begins empty", c->name);
	if (kind == SHARED_RATES && has_another(m, c->name, kind))
		log_info("service %s: rate_clients has changed, and all its rates begin anew", c->name);
	return enlist(m, c->name, kind, make(c->name, kind, size));
}

int shared_prepare(struct master *m, const struct config *c, const char **failed)
{
	for (size_t i = 0; i < c->service_count; i++) {
		*failed = c->services[i].name;
		for (int kind = 0; kind < SHARED_KINDS; kind++)
			if (prepare(m, &c->services[i], (enum shared_kind)kind) < 0)
				return -1;
	}
	return 0;
}

void shared_find(const struct master *m, const struct config *c, struct table **tables,
	struct bus **buses, struct rates **rates)
{
	for (size_t i = 0; i < c->service_count; i++) {
		tables[i] = find(m, &c->services[i], SHARED_TABLE);
		buses[i] = find(m, &c->services[i], SHARED_BUS);
		rates[i] = find(m, &c->services[i], SHARED_RATES);
	}
}

const struct table *shared_table(const struct master *m, const struct config_service *service)
{
	return service->table > 0 ? find(m, service, SHARED_TABLE) : NULL;
}

/* ---- the end ---- */

static void destroy(struct shared *s)
{
	end(s->kind, s->any);
	free(s);
}

/* One of the binary before does not know what its services share, and the one that takes
 * its place may name it. */
static bool may_be_named(const struct generation *g, const struct shared *s)
{
	for (size_t i = 0; i < g->config->service_count; i++)
		if (strcmp(g->config->services[i].name, s->service) == 0
			&& (g->adopted || is_named(s, &g->config->services[i])))
			return true;
	return false;
}

static bool is_used(const struct master *m, const struct shared *s)
{
	for (const struct generation *g = m->generations; g; g = g->older)
		if (may_be_named(g, s))
			return true;
	return false;
}

void shared_drop_unused(struct master *m)
{
	struct shared **at = &m->shared;

	while (*at) {
		struct shared *s = *at;
		if (is_used(m, s)) {
			at = &s->next;
			continue;
		}
		*at = s->next;
		destroy(s);
	}
}

void shared_fini(struct master *m)
{
	while (m->shared) {
		struct shared *s = m->shared;
		m->shared = s->next;
		destroy(s);
	}
}

/* ---- over an upgrade ---- */

void shared_each(const struct master *m, shared_tell_fn *tell, void *arg)
{
	for (const struct shared *s = m->shared; s; s = s->next)
		switch (s->kind) {
		case SHARED_TABLE:
			tell(arg, s->service, s->kind, table_fd(s->table), -1);
			break;
		case SHARED_BUS:
			tell(arg, s->service, s->kind, bus_fd(s->bus), bus_bell(s->bus));
			break;
		default:
			tell(arg, s->service, s->kind, rates_fd(s->rates), -1);
		}
}

static void *take_over(const char *service, enum shared_kind kind, int fd, int bell)
{
	switch (kind) {
	case SHARED_TABLE:
		return table_open(service, fd);
	case SHARED_BUS:
		return bus_open(fd, bell);
	default:
		return rates_open(fd);
	}
}

/* Where it cannot be, shared_prepare() makes another one. */
void shared_adopt(struct master *m, const char *service, enum shared_kind kind, int fd, int bell)
{
	if (enlist(m, service, kind, take_over(service, kind, fd, bell)) < 0)
		log_warn("upgrade: service %s: the %s of its workers cannot be taken over and begins empty: %m",
			service, names[kind]);
}
