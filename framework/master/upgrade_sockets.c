/* SPDX-License-Identifier: MIT */
/*
 * upgrade_sockets.c - slots and their sockets, and what chooses among them, over an upgrade.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "master/balance.h"
#include "master/generation.h"
#include "master/group.h"
#include "master/load.h"
#include "master/master.h"
#include "master/shared.h"
#include "master/slot.h"
#include "master/upgrade_parts.h"

/* ---- addresses as text that loses nothing ---- */

json_t *upgrade_addr_json(const struct addr *a)
{
	char hex[2 * sizeof(*a) + 1];
	const unsigned char *bytes = (const unsigned char *)a;

	for (size_t i = 0; i < sizeof(*a); i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return json_string(hex);
}

int upgrade_addr_read(const json_t *text, struct addr *out)
{
	const char *hex = json_string_value(text);
	unsigned char *bytes = (unsigned char *)out;

	if (!hex || strlen(hex) != 2 * sizeof(*out))
		return -1;
	for (size_t i = 0; i < sizeof(*out); i++) {
		unsigned byte;
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return -1;
		bytes[i] = (unsigned char)byte;
	}
	return 0;
}

/* ---- out ---- */

static json_t *slot_json(const struct slot *s)
{
	json_t *sockets = json_array();

	for (size_t k = 0; k < s->socket_count; k++) {
		const struct escrow *e = &s->sockets[k];
		json_array_append_new(sockets, json_pack("{s:o, s:i, s:i, s:b, s:b}",
			"address", upgrade_addr_json(&e->addr), "type", e->type, "fd", e->fd,
			"listening", (int)e->listening, "given", (int)e->given));
	}
	return sockets;
}

static json_t *slots_json(const struct master *m)
{
	json_t *slots = json_array();

	for (unsigned i = 0; i < m->table.count; i++)
		json_array_append_new(slots, slot_json(m->table.slots[i]));
	return slots;
}

static json_t *drained_json(const struct master *m)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < m->table.count; i++)
		if (m->table.slots[i]->drained)
			json_array_append_new(all, json_integer(i));
	return all;
}

static void add_load(void *all, const char *service, int fd)
{
	json_array_append_new(all, json_pack("{s:s, s:i}", "service", service, "fd", fd));
}

static json_t *loads_json(const struct master *m)
{
	json_t *all = json_array();

	load_each(m, add_load, all);
	return all;
}

static void add_shared(void *all, const char *service, enum shared_kind kind, int fd, int bell)
{
	json_array_append_new(all, json_pack("{s:s, s:i, s:i, s:i}", "service", service,
		"kind", (int)kind, "fd", fd, "bell", bell));
}

static json_t *shared_json(const struct master *m)
{
	json_t *all = json_array();

	shared_each(m, add_shared, all);
	return all;
}

static json_t *groups_json(const struct master *m)
{
	json_t *all = json_array();

	for (const struct group *g = m->groups; g; g = g->next)
		if (g->shortest.program >= 0)
			json_array_append_new(all, json_pack("{s:o, s:i, s:i, s:i}",
				"address", upgrade_addr_json(&g->addr), "program", g->shortest.program,
				"sockets", g->shortest.sockets, "table", g->table));
	return all;
}

json_t *upgrade_sockets_save(const struct master *m)
{
	return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "active", (int)m->table.active,
		"slots", slots_json(m), "drained", drained_json(m),
		"loads", loads_json(m), "groups", groups_json(m),
		"shared", shared_json(m));
}

/* ---- in ---- */

static int load_slot(struct slot *s, const json_t *sockets)
{
	size_t k;
	json_t *socket;

	json_array_foreach(sockets, k, socket) {
		struct escrow *e = &s->sockets[s->socket_count];
		if (k == CONFIG_MAX_LISTENS || upgrade_addr_read(json_object_get(socket, "address"), &e->addr) < 0)
			return -1;
		e->type = upgrade_int(socket, "type");
		e->fd = upgrade_int(socket, "fd");
		e->listening = json_is_true(json_object_get(socket, "listening"));
		e->given = json_is_true(json_object_get(socket, "given"));
		s->socket_count++;
	}
	return 0;
}

static void load_drained(struct master *m, const json_t *all)
{
	size_t i;
	json_t *slot;

	json_array_foreach(all, i, slot)
		if (json_integer_value(slot) < (json_int_t)m->table.count)
			m->table.slots[json_integer_value(slot)]->drained = true;
}

static int load_slots(struct master *m, const json_t *state)
{
	json_t *slots = json_object_get(state, "slots"), *sockets;
	size_t i;

	if (slots_grow(&m->table, m, (unsigned)json_array_size(slots)) < 0)
		return -1;
	json_array_foreach(slots, i, sockets)
		if (load_slot(m->table.slots[i], sockets) < 0)
			return -1;
	load_drained(m, json_object_get(state, "drained"));
	m->table.active = (unsigned)upgrade_int(state, "active");
	return m->table.active <= m->table.count ? 0 : -1;
}

static void load_shared(struct master *m, const json_t *o)
{
	const char *service = json_string_value(json_object_get(o, "service"));
	int kind = upgrade_int(o, "kind");

	if (service && kind >= 0 && kind < SHARED_KINDS)
		shared_adopt(m, service, (enum shared_kind)kind, upgrade_int(o, "fd"),
			upgrade_int(o, "bell"));
}

static void load_balance(struct master *m, const json_t *state)
{
	size_t i;
	json_t *o;
	struct addr a;

	json_array_foreach(json_object_get(state, "loads"), i, o)
		load_adopt(m, json_string_value(json_object_get(o, "service")), upgrade_int(o, "fd"));
	json_array_foreach(json_object_get(state, "shared"), i, o)
		load_shared(m, o);
	json_array_foreach(json_object_get(state, "groups"), i, o)
		if (upgrade_addr_read(json_object_get(o, "address"), &a) == 0)
			balance_adopt(m, &a, upgrade_int(o, "program"), upgrade_int(o, "sockets"),
				upgrade_int(o, "table"));
}

int upgrade_sockets_load(struct master *m, const json_t *sockets)
{
	if (load_slots(m, sockets) < 0)
		return -1;
	load_balance(m, sockets);
	return 0;
}

/* ---- the admin service's ---- */

json_t *upgrade_admin_save(const struct generation *g)
{
	/* NULL if it is not UTF-8: then the next binary has to make another one. */
	json_t *path = g->admin.fd > 0 ? json_string(g->admin.path) : NULL;

	return path ? json_pack("{s:o, s:i}", "path", path, "fd", g->admin.fd) : json_null();
}

void upgrade_admin_load(struct generation *g, const json_t *admin)
{
	const char *path = json_string_value(json_object_get(admin, "path"));

	adminsock_adopt(g, path ? path : "", path ? upgrade_int(admin, "fd") : -1);
}
