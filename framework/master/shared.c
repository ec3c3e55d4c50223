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
#include "sys/table.h"

struct shared {
	char           service[PAGE_NAME];
	struct table  *table;
	struct shared *next;
};

static struct shared *find(const struct master *m, const struct config_service *c)
{
	struct shared *s = m->shared;

	while (s && (strcmp(s->service, c->name) != 0 || table_size(s->table) != c->table))
		s = s->next;
	return s;
}

static const struct shared *find_another(const struct master *m, const char *service)
{
	const struct shared *s = m->shared;

	while (s && strcmp(s->service, service) != 0)
		s = s->next;
	return s;
}

static void enlist(struct master *m, struct shared *s, const char *service, struct table *table)
{
	snprintf(s->service, sizeof(s->service), "%s", service);
	s->table = table;
	s->next = m->shared;
	m->shared = s;
}

static int create(struct master *m, const struct config_service *c)
{
	struct shared *s = calloc(1, sizeof(*s));
	struct table *table = s ? table_create(c->name, c->table) : NULL;

	if (!table) {
		free(s);
		return -1;
	}
	if (find_another(m, c->name))
		log_info("service %s: its table has another size and begins empty", c->name);
	enlist(m, s, c->name, table);
	return 0;
}

int shared_prepare(struct master *m, const struct config *c, const char **failed)
{
	for (size_t i = 0; i < c->service_count; i++) {
		*failed = c->services[i].name;
		if (c->services[i].table > 0 && !find(m, &c->services[i])
			&& create(m, &c->services[i]) < 0)
			return -1;
	}
	return 0;
}

void shared_find(const struct master *m, const struct config *c, struct table **tables)
{
	for (size_t i = 0; i < c->service_count; i++) {
		const struct shared *s = find(m, &c->services[i]);
		tables[i] = s ? s->table : NULL;
	}
}

/* ---- the end ---- */

static void destroy(struct shared *s)
{
	table_destroy(s->table);
	free(s);
}

/* One of the binary before does not know what its services share, and the one that takes
 * its place may name it. */
static bool may_be_named(const struct generation *g, const struct shared *s)
{
	for (size_t i = 0; i < g->config->service_count; i++)
		if (strcmp(g->config->services[i].name, s->service) == 0
			&& (g->adopted || g->config->services[i].table == table_size(s->table)))
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

void shared_each(const struct master *m, void (*tell)(void *arg, const char *service, int fd), void *arg)
{
	for (const struct shared *s = m->shared; s; s = s->next)
		tell(arg, s->service, table_fd(s->table));
}

/* Where it cannot be, shared_prepare() makes another one. */
void shared_adopt(struct master *m, const char *service, int fd)
{
	struct table *table = service ? table_open(service, fd) : NULL;
	struct shared *s = table ? calloc(1, sizeof(*s)) : NULL;

	if (s) {
		enlist(m, s, service, table);
		return;
	}
	log_warn("upgrade: the table of a service cannot be taken over and begins empty: %m");
	table_destroy(table);
}
