/* SPDX-License-Identifier: MIT */
/*
 * status.c - what the master knows, as JSON.
 */
#include "master/status.h"

#include <sys/socket.h>
#include <unistd.h>

#include "master/generation.h"
#include "master/master.h"
#include "master/retire.h"
#include "sys/sock.h"

static const char *const generation_states[] = {
	[GENERATION_STARTING] = "starting",
	[GENERATION_SERVING] = "serving",
	[GENERATION_RETIRING] = "retiring",
};

static const char *const member_states[] = {
	[MEMBER_BORN] = "starting",
	[MEMBER_BOUND] = "starting",
	[MEMBER_READY] = "ready",
	[MEMBER_SERVING] = "serving",
	[MEMBER_LEAVING] = "draining",
};

static const char *const escrow_states[] = {
	[ESCROW_HELD] = "held",
	[ESCROW_RETIRING] = "retiring",
	[ESCROW_RETURNING] = "retiring",
};

static void add_workers(json_t *all, const struct generation *g, unsigned slot)
{
	for (const struct member *m = g->members; m; m = m->next) {
		if (m->slot->index != slot)
			continue;
		json_array_append_new(all, json_pack("{s:i, s:i, s:s, s:f, s:s}",
			"slot", (int)slot,
			"pid", (int)m->child.pid,
			"state", member_states[m->state],
			"age", child_age(&m->child),
			"doing", pulse_phase_name(m->pulse->phase)));
	}
}

static json_t *workers_json(const struct generation *g)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < g->master->table.count; i++)
		add_workers(all, g, i);
	return all;
}

static json_t *generations_json(const struct master *m)
{
	json_t *all = json_array();

	for (const struct generation *g = m->generations; g; g = g->older)
		json_array_append_new(all, json_pack("{s:i, s:s, s:i, s:f, s:o}",
			"number", (int)g->number,
			"state", generation_states[g->state],
			"wanted", (int)g->workers,
			"age", child_clock() - g->born,
			"workers", workers_json(g)));
	return all;
}

static json_t *sockets_json(const struct master *m)
{
	json_t *all = json_array();
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < m->table.count; i++)
		for (size_t k = 0; k < m->table.slots[i]->socket_count; k++) {
			const struct escrow *e = &m->table.slots[i]->sockets[k];
			json_array_append_new(all, json_pack("{s:i, s:s, s:s, s:i, s:s, s:b}",
				"slot", (int)i,
				"type", e->type == SOCK_STREAM ? "tcp" : "udp",
				"address", addr_format(&e->addr, text),
				"queue", sock_queue(e->fd),
				"state", escrow_states[e->state],
				"lent", e->borrower != NULL));
		}
	return all;
}

json_t *status_json(const struct master *m)
{
	return json_pack("{s:b, s:s, s:i, s:s, s:f, s:i, s:i, s:i, s:b, s:i, s:o, s:o}",
		"good", 1,
		"version", PORTICO_VERSION,
		"pid", (int)getpid(),
		"file", m->file,
		"uptime", child_clock() - m->started,
		"workers", (int)m->table.active,
		"generation", m->serving ? (int)m->serving->number : 0,
		"crashes", (int)m->crashes,
		"retiring", (int)retire_is_under_way(m),
		"upgrades", (int)m->upgrades,
		"generations", generations_json(m),
		"sockets", sockets_json(m));
}
