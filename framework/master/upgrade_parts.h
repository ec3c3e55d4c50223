/* SPDX-License-Identifier: MIT */
/*
 * upgrade_parts.h - the pieces of upgrade_state.h: private to upgrade_*.c.
 */
#ifndef PORTICO_MASTER_UPGRADE_PARTS_H
#define PORTICO_MASTER_UPGRADE_PARTS_H

#include <jansson.h>

#include "sys/addr.h"

struct generation;
struct master;

/* Slots, their sockets, and what chooses among them: a new reference, NULL without memory; and
 * back, -1: it is not right. */
json_t *upgrade_sockets_save(const struct master *m);
int     upgrade_sockets_load(struct master *m, const json_t *sockets);

/* An address as text that loses nothing, a new reference; and back, -1: it is none. */
json_t *upgrade_addr_json(const struct addr *a);
int     upgrade_addr_read(const json_t *text, struct addr *out);

/* Generations and their workers, likewise; of the slots that upgrade_sockets_load() made. */
json_t *upgrade_generations_save(const struct master *m);
int     upgrade_generations_load(struct master *m, const json_t *generations);

/* The unix socket of g's admin service. */
json_t *upgrade_admin_save(const struct generation *g);
void    upgrade_admin_load(struct generation *g, const json_t *admin);

/* 0 where there is none. */
static inline int upgrade_int(const json_t *o, const char *key)
{
	return (int)json_integer_value(json_object_get(o, key));
}

static inline double upgrade_real(const json_t *o, const char *key)
{
	return json_real_value(json_object_get(o, key));
}

#endif
