/* SPDX-License-Identifier: MIT */
/*
 * upgrade_state.c - all that a master has, in a memfd, for the next binary.
 *
 * Operations come one at a time and wait until nothing retires, so there is
 * no generation on its way up and no socket on its way out in it: workers,
 * sockets, and generations that drain.
 *
 * Most of the configurations stays behind: an adopted generation knows its services by name
 * and address, and its log.  That is enough to lend sockets and to tell what goes on, and the
 * reload that follows brings workers that can be replaced.  Left behind as well: who is
 * stalled, early deaths, what slots did lately; all of it is seen anew.
 */
#include "master/upgrade_state.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/log.h"
#include "master/control.h"
#include "master/balance.h"
#include "master/generation.h"
#include "master/group.h"
#include "master/load.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/tickets.h"

#define STATE_FD "PORTICO_STATE_FD"

/* ---- addresses as text that loses nothing ---- */

static json_t *addr_json(const struct addr *a)
{
	char hex[2 * sizeof(*a) + 1];
	const unsigned char *bytes = (const unsigned char *)a;

	for (size_t i = 0; i < sizeof(*a); i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return json_string(hex);
}

static int addr_read(const json_t *text, struct addr *out)
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

/* ---- descriptors ---- */

static void live_through_exec(int fd, bool yes)
{
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, yes ? 0 : FD_CLOEXEC);
}

static void load_lives(void *arg, const char *service, int fd)
{
	(void)service;
	live_through_exec(fd, *(const bool *)arg);
}

static void all_live_through_exec(struct master *m, bool yes)
{
	live_through_exec(m->log, yes);
	live_through_exec(control_fd(m), yes);
	if (m->operation)
		live_through_exec(control_client_fd(m->operation->client), yes);
	for (const struct operation *op = m->waiting; op; op = op->next)
		live_through_exec(control_client_fd(op->client), yes);
	for (unsigned i = 0; i < m->table.count; i++)
		for (size_t k = 0; k < m->table.slots[i]->socket_count; k++)
			live_through_exec(m->table.slots[i]->sockets[k].fd, yes);
	live_through_exec(m->tickets_fd, yes);
	load_each(m, load_lives, &yes);
	for (const struct group *g = m->groups; g; g = g->next) {
		live_through_exec(g->shortest.program, yes);
		live_through_exec(g->shortest.sockets, yes);
	}
	for (struct generation *g = m->generations; g; g = g->older)
		for (struct member *w = g->members; w; w = w->next) {
			live_through_exec(w->child.channel, yes);
			live_through_exec(w->page_fd, yes);
		}
}

/* ---- out ---- */

static json_t *slot_json(const struct slot *s)
{
	json_t *sockets = json_array();

	for (size_t k = 0; k < s->socket_count; k++) {
		const struct escrow *e = &s->sockets[k];
		json_array_append_new(sockets, json_pack("{s:o, s:i, s:i, s:b}",
			"address", addr_json(&e->addr), "type", e->type, "fd", e->fd,
			"listening", (int)e->listening));
	}
	return sockets;
}

static json_t *drained_json(const struct master *m)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < m->table.count; i++)
		if (m->table.slots[i]->drained)
			json_array_append_new(all, json_integer(i));
	return all;
}

static json_t *slots_json(const struct master *m)
{
	json_t *slots = json_array();

	for (unsigned i = 0; i < m->table.count; i++)
		json_array_append_new(slots, slot_json(m->table.slots[i]));
	return slots;
}

static json_t *member_json(const struct member *w)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:f}",
		"slot", (int)w->slot->index, "pid", (int)w->child.pid,
		"channel", w->child.channel, "pulse", w->page_fd,
		"state", (int)w->state, "born", w->child.born);
}

static json_t *listens_json(const struct config *c)
{
	json_t *listens = json_array();

	for (size_t i = 0; i < c->service_count; i++)
		for (size_t k = 0; k < c->services[i].listen_count; k++)
			json_array_append_new(listens, json_pack("{s:o, s:s, s:i, s:i}",
				"address", addr_json(&c->services[i].listens[k]),
				"service", c->services[i].name,
				"protocol", c->services[i].protocol,
				"balance", c->services[i].balance));
	return listens;
}

static void add_log(json_t *generation, const struct config *c)
{
	/* NULL if it is not UTF-8: then it goes on where it is, and cannot be reopened. */
	json_t *path = c->log ? json_string(c->log) : NULL;

	json_object_set_new(generation, "log", path ? path : json_null());
	json_object_set_new(generation, "log_level", json_integer(c->log_level));
}

static json_t *generation_json(const struct generation *g)
{
	json_t *members = json_array();

	for (const struct member *w = g->members; w; w = w->next)
		json_array_append_new(members, member_json(w));
	return json_pack("{s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:o, s:o}",
		"number", (int)g->number, "state", (int)g->state, "workers", (int)g->workers,
		"born", g->born, "drain", g->config->drain,
		"stall", g->config->stall, "stall_kill", g->config->stall_kill,
		"listens", listens_json(g->config), "members", members);
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

static json_t *groups_json(const struct master *m)
{
	json_t *all = json_array();

	for (const struct group *g = m->groups; g; g = g->next)
		if (g->shortest.program >= 0)
			json_array_append_new(all, json_pack("{s:o, s:i, s:i, s:i}",
				"address", addr_json(&g->addr), "program", g->shortest.program,
				"sockets", g->shortest.sockets, "table", g->table));
	return all;
}

static json_t *waiting_json(const struct master *m)
{
	json_t *all = json_array();

	for (const struct operation *op = m->waiting; op; op = op->next)
		json_array_append_new(all, json_pack("{s:i, s:i, s:b, s:b, s:f, s:f, s:i}",
			"kind", (int)op->wish.kind, "amount", op->wish.amount,
			"relative", (int)op->wish.relative, "canary", (int)op->wish.canary,
			"share", op->wish.share, "seconds", op->wish.seconds,
			"client", control_client_fd(op->client)));
	return all;
}

static json_t *master_json(const struct master *m, int ledger)
{
	json_t *generations = json_array();

	for (const struct generation *g = m->generations; g; g = g->older) {
		json_t *o = generation_json(g);
		add_log(o, g->config);
		json_array_append_new(generations, o);
	}
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:I, s:i, s:f, s:f, s:i, s:i, s:i, s:i, s:s, s:i, s:o, s:o, s:i, s:o, s:o, s:o, s:o}",
		"version", UPGRADE_STATE_VERSION, "born", (int)m->born,
		"crashes", (int)m->crashes, "upgrades", (int)m->upgrades,
		"stalls", (int)m->stalls, "lost", (json_int_t)m->lost, "ledger", ledger,
		"started", m->started, "reloaded", m->reloaded,
		"active", (int)m->table.active, "tickets", m->tickets_fd, "log", m->log, "control", control_fd(m),
		"control_path", control_path(m),
		"client", control_client_fd(m->operation->client),
		"waiting", waiting_json(m), "drained", drained_json(m), "strangers_seen", (int)m->strangers_seen,
		"loads", loads_json(m), "groups", groups_json(m),
		"slots", slots_json(m), "generations", generations);
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

int upgrade_state_save(struct master *m)
{
	char number[16];
	int fd = memfd_create("portico-state", 0);
	int ledger = memfd_create("portico-ledger", 0);
	json_t *state = master_json(m, ledger);

	if (!state || fd < 0 || ledger < 0 || ledger_save(&m->ledger, ledger) < 0
		|| json_dumpfd(state, fd, JSON_COMPACT) < 0) {
		json_decref(state);
		close_if_open(fd);
		close_if_open(ledger);
		return -1;
	}
	m->ledger_fd = ledger;
	json_decref(state);
	snprintf(number, sizeof(number), "%d", fd);
	setenv(STATE_FD, number, 1);
	all_live_through_exec(m, true);
	return 0;
}

void upgrade_state_forget(struct master *m)
{
	close(atoi(getenv(STATE_FD)));
	close(m->ledger_fd);
	unsetenv(STATE_FD);
	all_live_through_exec(m, false);
}

/* ---- in ---- */

static int int_of(const json_t *o, const char *key)
{
	return (int)json_integer_value(json_object_get(o, key));
}

static double real_of(const json_t *o, const char *key)
{
	return json_real_value(json_object_get(o, key));
}

static int load_slot(struct slot *s, const json_t *sockets)
{
	size_t k;
	json_t *socket;

	json_array_foreach(sockets, k, socket) {
		struct escrow *e = &s->sockets[s->socket_count];
		if (k == CONFIG_MAX_LISTENS || addr_read(json_object_get(socket, "address"), &e->addr) < 0)
			return -1;
		e->type = int_of(socket, "type");
		e->fd = int_of(socket, "fd");
		e->listening = json_is_true(json_object_get(socket, "listening"));
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
	m->table.active = (unsigned)int_of(state, "active");
	return m->table.active <= m->table.count ? 0 : -1;
}

/* The next address of the service before it, or of another one.  -1: it is none. */
static int load_listen(struct config_service *services, size_t *count, struct addr *a,
	const json_t *listen)
{
	const char *name = json_string_value(json_object_get(listen, "service"));

	if (!name || addr_read(json_object_get(listen, "address"), a) < 0)
		return -1;
	if (*count == 0 || strcmp(services[*count - 1].name, name) != 0)
		services[(*count)++] = (struct config_service){
			.name = name,
			.protocol = int_of(listen, "protocol"),
			.balance = int_of(listen, "balance"),
			.listens = a,
		};
	services[*count - 1].listen_count++;
	return 0;
}

static struct config *load_config(const json_t *generation)
{
	json_t *listens = json_object_get(generation, "listens"), *listen;
	struct config_service services[CONFIG_MAX_LISTENS];
	struct addr addrs[CONFIG_MAX_LISTENS];
	size_t i, count = 0;

	if (json_array_size(listens) > CONFIG_MAX_LISTENS)
		return NULL;
	json_array_foreach(listens, i, listen)
		if (load_listen(services, &count, &addrs[i], listen) < 0)
			return NULL;
	struct config *c = config_of_services(services, count, real_of(generation, "drain"),
		json_string_value(json_object_get(generation, "log")));
	if (!c)
		return NULL;
	c->log_level = int_of(generation, "log_level");
	c->stall = real_of(generation, "stall");
	c->stall_kill = real_of(generation, "stall_kill");
	return c;
}

static int load_members(struct generation *g, const json_t *members)
{
	const struct slot_table *t = &g->master->table;
	size_t i;
	json_t *w;

	json_array_foreach(members, i, w) {
		unsigned slot = (unsigned)int_of(w, "slot");
		if (slot >= t->count)
			return -1;
		if (member_adopt(g, t->slots[slot], int_of(w, "pid"), int_of(w, "channel"),
			int_of(w, "pulse"), (enum member_state)int_of(w, "state"), real_of(w, "born")) < 0)
			return -1;
	}
	return 0;
}

static int load_generation(struct master *m, const json_t *o)
{
	struct config *config = load_config(o);
	struct generation *g = config ? generation_create(m, config) : NULL;

	if (!g)
		return -1;
	g->adopted = true;
	g->number = (unsigned)int_of(o, "number");
	g->state = (enum generation_state)int_of(o, "state");
	g->workers = (unsigned)int_of(o, "workers");
	g->born = real_of(o, "born");
	if (g->state == GENERATION_SERVING)
		m->serving = g;
	return load_members(g, json_object_get(o, "members"));
}

/* The oldest first, since each that is made is the newest. */
static int load_generations(struct master *m, const json_t *state)
{
	json_t *all = json_object_get(state, "generations");

	for (size_t i = json_array_size(all); i-- > 0;)
		if (load_generation(m, json_array_get(all, i)) < 0)
			return -1;
	return m->serving ? 0 : -1;
}

static void load_balance(struct master *m, const json_t *state)
{
	size_t i;
	json_t *o;
	struct addr a;

	json_array_foreach(json_object_get(state, "loads"), i, o)
		load_adopt(m, json_string_value(json_object_get(o, "service")), int_of(o, "fd"));
	json_array_foreach(json_object_get(state, "groups"), i, o)
		if (addr_read(json_object_get(o, "address"), &a) == 0)
			balance_adopt(m, &a, int_of(o, "program"), int_of(o, "sockets"),
				int_of(o, "table"));
}

/* They wait for the reload that belongs to the upgrade. */
static void load_waiting(struct master *m, const json_t *all)
{
	size_t i;
	json_t *op;

	json_array_foreach(all, i, op)
		operation_ask(m, &(struct operation_wish){
			.kind = (enum operation_kind)int_of(op, "kind"),
			.amount = int_of(op, "amount"),
			.relative = json_is_true(json_object_get(op, "relative")),
			.canary = json_is_true(json_object_get(op, "canary")),
			.share = real_of(op, "share"),
			.seconds = real_of(op, "seconds"),
		}, control_adopt_client(m, int_of(op, "client")));
}

/* Without it the numbers begin anew, and all else goes on. */
static void load_ledger(struct master *m, int fd)
{
	if (lseek(fd, 0, SEEK_SET) < 0 || ledger_load(&m->ledger, fd) < 0)
		log_warn("upgrade: what workers of before have counted cannot be read: %m");
	close(fd);
}

static int load_all(struct master *m, const json_t *state)
{
	if (int_of(state, "version") != UPGRADE_STATE_VERSION)
		return -1;
	m->crashes = (unsigned)int_of(state, "crashes");
	m->upgrades = (unsigned)int_of(state, "upgrades") + 1;
	m->started = real_of(state, "started");
	m->reloaded = real_of(state, "reloaded");
	m->strangers_seen = (unsigned)int_of(state, "strangers_seen");
	m->stalls = (unsigned)int_of(state, "stalls");
	m->lost = (uint64_t)json_integer_value(json_object_get(state, "lost"));
	load_ledger(m, int_of(state, "ledger"));
	if (json_object_get(state, "tickets"))
		tickets_adopt(m, int_of(state, "tickets"));
	m->log = int_of(state, "log");
	if (m->log >= 0)
		log_to(m->log);
	if (load_slots(m, state) < 0 || load_generations(m, state) < 0)
		return -1;
	log_limit((enum log_level)m->serving->config->log_level);
	m->log_is_file = m->serving->config->log != NULL;
	load_balance(m, state);
	m->born = (unsigned)int_of(state, "born");
	const char *path = json_string_value(json_object_get(state, "control_path"));
	if (int_of(state, "control") >= 0
		&& control_adopt(m, int_of(state, "control"), path ? path : "") < 0)
		return -1;
	operation_adopt(m, control_adopt_client(m, int_of(state, "client")));
	load_waiting(m, json_object_get(state, "waiting"));
	return 0;
}

static json_t *read_state(int fd)
{
	json_t *state = lseek(fd, 0, SEEK_SET) == 0 ? json_loadfd(fd, 0, NULL) : NULL;

	close(fd);
	unsetenv(STATE_FD);
	return state;
}

int upgrade_state_load(struct master *m)
{
	const char *number = getenv(STATE_FD);

	if (!number)
		return 0;
	json_t *state = read_state(atoi(number));
	int result = state ? load_all(m, state) : -1;
	json_decref(state);
	if (result < 0) {
		log_error("upgrade: the state of the binary before this one cannot be used");
		return -1;
	}
	all_live_through_exec(m, false);
	return 1;
}
