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
#include "sys/table.h"

struct shared {                  /* a table or a bus */
	char           service[PAGE_NAME];
	struct table  *table;
	struct bus    *bus;
	struct shared *next;
};

static bool is_named(const struct shared *s, const struct config_service *c)
{
	return strcmp(s->service, c->name) == 0
		&& (s->table ? table_size(s->table) == c->table : bus_size(s->bus) == c->publish);
}

static struct table *find_table(const struct master *m, const struct config_service *c)
{
	const struct shared *s = m->shared;

	while (s && !(s->table && is_named(s, c)))
		s = s->next;
	return s ? s->table : NULL;
}

static struct bus *find_bus(const struct master *m, const struct config_service *c)
{
	const struct shared *s = m->shared;

	while (s && !(s->bus && is_named(s, c)))
		s = s->next;
	return s ? s->bus : NULL;
}

static bool has_another_table(const struct master *m, const char *service)
{
	const struct shared *s = m->shared;

	while (s && !(s->table && strcmp(s->service, service) == 0))
		s = s->next;
	return s != NULL;
}

/* Takes the table or bus; -1 and ENOMEM: they are gone. */
static int enlist(struct master *m, const char *service, struct table *table, struct bus *bus)
{
	struct shared *s = table || bus ? calloc(1, sizeof(*s)) : NULL;

	if (!s) {
		table_destroy(table);
		bus_destroy(bus);
		return -1;
	}
	snprintf(s->service, sizeof(s->service), "%s", service);
	s->table = table;
	s->bus = bus;
	s->next = m->shared;
	m->shared = s;
	return 0;
}

static int prepare_table(struct master *m, const struct config_service *c)
{
	if (c->table == 0 || find_table(m, c))
		return 0;
	if (has_another_table(m, c->name))
		log_info("service %s: its table has another size and begins empty", c->name);
	return enlist(m, c->name, table_create(c->name, c->table), NULL);
}

static int prepare_bus(struct master *m, const struct config_service *c)
{
	if (c->publish == 0 || find_bus(m, c))
		return 0;
	return enlist(m, c->name, NULL, bus_create(c->publish));
}

int shared_prepare(struct master *m, const struct config *c, const char **failed)
{
	for (size_t i = 0; i < c->service_count; i++) {
		*failed = c->services[i].name;
		if (prepare_table(m, &c->services[i]) < 0 || prepare_bus(m, &c->services[i]) < 0)
			return -1;
	}
	return 0;
}

void shared_find(const struct master *m, const struct config *c, struct table **tables,
	struct bus **buses)
{
	for (size_t i = 0; i < c->service_count; i++) {
		tables[i] = find_table(m, &c->services[i]);
		buses[i] = find_bus(m, &c->services[i]);
	}
}

const struct table *shared_table(const struct master *m, const struct config_service *service)
{
	return service->table > 0 ? find_table(m, service) : NULL;
}

/* ---- the end ---- */

static void destroy(struct shared *s)
{
	table_destroy(s->table);
	bus_destroy(s->bus);
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

void shared_each(const struct master *m,
	void (*tell)(void *arg, const char *service, int fd, int bell), void *arg)
{
	for (const struct shared *s = m->shared; s; s = s->next)
		if (s->table)
			tell(arg, s->service, table_fd(s->table), -1);
		else
			tell(arg, s->service, bus_fd(s->bus), bus_bell(s->bus));
}

/* Where it cannot be, shared_prepare() makes another one. */
void shared_adopt(struct master *m, const char *service, int fd, int bell)
{
	struct table *table = bell < 0 ? table_open(service, fd) : NULL;
	struct bus *bus = bell < 0 ? NULL : bus_open(fd, bell);

	if (enlist(m, service, table, bus) < 0)
		log_warn("upgrade: service %s: the %s of its workers cannot be taken over and begins empty: %m",
			service, bell < 0 ? "table" : "bus");
}
