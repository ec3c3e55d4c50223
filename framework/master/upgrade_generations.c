/* SPDX-License-Identifier: MIT */
/*
 * upgrade_generations.c - generations and their workers over an upgrade.
 *
 * Most of the configurations stays behind: an adopted generation knows its services by name
 * and address, and its log.  That is enough to lend sockets and to tell what goes on, and the
 * reload that follows brings workers that can be replaced.
 */
#include <jansson.h>
#include <string.h>

#include "config/config.h"
#include "master/accesslog.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/upgrade_parts.h"

/* ---- out ---- */

static json_t *member_json(const struct member *w)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:b, s:i}",
		"slot", (int)w->slot->index, "pid", (int)w->child.pid,
		"channel", w->child.channel, "pulse", w->page_fd,
		"state", (int)w->state, "born", w->child.born, "due", w->child.due,
		"ready", w->ready_at, "serving", w->serving_at, "leaving", w->leaving_at,
		"owed_files", (int)w->owed_files, "estate", (int)w->estate);
}

static json_t *listens_json(const struct config *c)
{
	json_t *listens = json_array();

	for (size_t i = 0; i < c->service_count; i++)
		for (size_t k = 0; k < c->services[i].listen_count; k++)
			json_array_append_new(listens, json_pack("{s:o, s:s, s:i, s:i}",
				"address", upgrade_addr_json(&c->services[i].listens[k]),
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
	json_object_set_new(generation, "log_format", json_integer(c->log_format));
	if (c->log_is_syslog)
		json_object_set_new(generation, "log_facility", json_integer(c->log_facility));
}

/* Its workers hear of new files. */
static json_t *access_json(const struct generation *g)
{
	json_t *all = json_array();

	for (size_t i = 0; i < g->accesslogs.count; i++) {
		const char *path = g->accesslogs.all[i].path;
		json_t *text = path ? json_string(path) : NULL;   /* NULL, if it is not UTF-8 */
		json_array_append_new(all, text ? text : json_null());
	}
	return all;
}

static json_t *generation_json(const struct generation *g)
{
	json_t *members = json_array(), *o;

	for (const struct member *w = g->members; w; w = w->next)
		json_array_append_new(members, member_json(w));
	o = json_pack("{s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f, s:o, s:o, s:o, s:o}",
		"number", (int)g->number, "state", (int)g->state, "workers", (int)g->workers,
		"born", g->born, "drain", g->config->drain, "drain_delay", g->config->drain_delay,
		"stall", g->config->stall, "stall_kill", g->config->stall_kill,
		"listens", listens_json(g->config), "access", access_json(g), "admin", upgrade_admin_save(g),
		"members", members);
	add_log(o, g->config);
	return o;
}

json_t *upgrade_generations_save(const struct master *m)
{
	json_t *all = json_array();

	for (const struct generation *g = m->generations; g; g = g->older)
		json_array_append_new(all, generation_json(g));
	return all;
}

/* ---- in ---- */

/* The next address of the service before it, or of another one.  -1: it is none. */
static int load_listen(struct config_service *services, size_t *count, struct addr *a,
	const json_t *listen)
{
	const char *name = json_string_value(json_object_get(listen, "service"));

	if (!name || upgrade_addr_read(json_object_get(listen, "address"), a) < 0)
		return -1;
	if (*count == 0 || strcmp(services[*count - 1].name, name) != 0)
		services[(*count)++] = (struct config_service){
			.name = name,
			.protocol = upgrade_int(listen, "protocol"),
			.balance = upgrade_int(listen, "balance"),
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
	struct config *c = config_of_services(services, count, upgrade_real(generation, "drain"),
		json_string_value(json_object_get(generation, "log")));
	if (!c)
		return NULL;
	c->log_level = upgrade_int(generation, "log_level");
	c->log_format = upgrade_int(generation, "log_format");
	c->log_is_syslog = json_object_get(generation, "log_facility") != NULL;
	c->log_facility = (unsigned)upgrade_int(generation, "log_facility");
	c->drain_delay = upgrade_real(generation, "drain_delay");
	c->stall = upgrade_real(generation, "stall");
	c->stall_kill = upgrade_real(generation, "stall_kill");
	return c;
}

static int load_members(struct generation *g, const json_t *members)
{
	const struct slot_table *t = &g->master->table;
	size_t i;
	json_t *w;

	json_array_foreach(members, i, w) {
		unsigned slot = (unsigned)upgrade_int(w, "slot");
		if (slot >= t->count)
			return -1;
		if (member_adopt(g, t->slots[slot], upgrade_int(w, "pid"), upgrade_int(w, "channel"),
			upgrade_int(w, "pulse"), (enum member_state)upgrade_int(w, "state"), upgrade_real(w, "born"),
			json_object_get(w, "due") ? upgrade_real(w, "due") : DUE_UNTOLD) < 0)
			return -1;
		g->members->owed_files = json_is_true(json_object_get(w, "owed_files"));
		g->members->ready_at = upgrade_real(w, "ready");
		g->members->serving_at = upgrade_real(w, "serving");
		g->members->leaving_at = upgrade_real(w, "leaving");
		/* A binary that knew nothing of it has none, and its workers are not asked. */
		g->members->estate = (unsigned)upgrade_int(w, "estate");
	}
	return 0;
}

static const char *path_at(void *arg, size_t i)
{
	return json_string_value(json_array_get(arg, i));
}

/* Without memory for them its workers go on with the files they have. */
static void load_access(struct generation *g, json_t *paths)
{
	(void)accesslogs_adopt(&g->accesslogs, json_array_size(paths), path_at, paths);
}

static int load_generation(struct master *m, const json_t *o)
{
	struct config *config = load_config(o);
	struct generation *g = config ? generation_create(m, config) : NULL;

	if (!g)
		return -1;
	load_access(g, json_object_get(o, "access"));
	upgrade_admin_load(g, json_object_get(o, "admin"));
	g->adopted = true;
	g->number = (unsigned)upgrade_int(o, "number");
	g->state = (enum generation_state)upgrade_int(o, "state");
	g->workers = (unsigned)upgrade_int(o, "workers");
	g->born = upgrade_real(o, "born");
	if (g->state == GENERATION_SERVING)
		m->serving = g;
	return load_members(g, json_object_get(o, "members"));
}

/* The oldest first, since each that is made is the newest. */
int upgrade_generations_load(struct master *m, const json_t *all)
{
	for (size_t i = json_array_size(all); i-- > 0;)
		if (load_generation(m, json_array_get(all, i)) < 0)
			return -1;
	return m->serving ? 0 : -1;
}

