/* SPDX-License-Identifier: MIT */
/*
 * status.c - what the master knows, as JSON.
 *
 * docs/status.md names the fields.  Times are seconds, memory bytes; null: not
 * known yet, or nothing came.
 */
#include "master/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "master/canary.h"
#include "master/chronicle.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/retire.h"
#include "master/status_parts.h"
#include "master/verdict.h"
#include "sys/sock.h"
#include "sys/stranger.h"
#include "worker/confine.h"

static const char *const generation_states[] = {
	[GENERATION_STARTING] = "starting",
	[GENERATION_CANARY] = "canary",
	[GENERATION_SERVING] = "serving",
	[GENERATION_RETIRING] = "retiring",
};

static const char *const escrow_states[] = {
	[ESCROW_HELD] = "held",
	[ESCROW_RETIRING] = "retiring",
	[ESCROW_RETURNING] = "retiring",
};

json_t *status_seconds(const struct latency *l, double part)
{
	return l->count > 0 ? json_real(latency_quantile(l, part)) : json_null();
}

json_t *status_text(const char *text)
{
	json_t *whole = json_string(text);
	char copy[1024];
	size_t i;

	if (whole)
		return whole;
	for (i = 0; text[i] && i < sizeof(copy) - 1; i++)
		copy[i] = (text[i] & 0x80) ? '?' : text[i];
	copy[i] = '\0';
	return json_string(copy);
}

/* ---- generations and their workers ---- */

static json_t *offload_json(const struct page_offload *o)
{
	uint64_t since = atomic_load_explicit(&o->since, memory_order_relaxed), now = clock_ns();

	return json_pack("{s:I, s:I, s:I, s:f}",
		"threads", (json_int_t)atomic_load_explicit(&o->threads, memory_order_relaxed),
		"busy", (json_int_t)atomic_load_explicit(&o->busy, memory_order_relaxed),
		"queued", (json_int_t)atomic_load_explicit(&o->queued, memory_order_relaxed),
		"longest", since > 0 && now > since ? (double)(now - since) / CLOCK_SECOND : 0.);
}

static void add_workers(json_t *all, const struct generation *g, unsigned slot)
{
	for (const struct member *m = g->members; m; m = m->next) {
		if (m->slot->index != slot)
			continue;
		json_array_append_new(all, json_pack("{s:i, s:i, s:s, s:f, s:s, s:o}",
			"slot", (int)slot,
			"pid", (int)m->child.pid,
			"state", status_member_state(m),
			"age", child_age(&m->child),
			"doing", pulse_phase_name(m->page->phase),
			"offload", offload_json(&m->page->offload)));
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

/* ---- sockets ---- */

/* "": none that serves, its address ends or comes. */
const char *status_service_of(const struct master *m, const struct escrow *e)
{
	int number = m->serving ? slot_number(e, m->serving->config) : -1;

	return number < 0 ? "" : slot_service(m->serving->config, (size_t)number)->name;
}

static json_t *sockets_json(const struct master *m)
{
	json_t *all = json_array();
	char text[ADDR_TEXT];

	for (unsigned i = 0; i < m->table.count; i++)
		for (size_t k = 0; k < m->table.slots[i]->socket_count; k++) {
			const struct escrow *e = &m->table.slots[i]->sockets[k];
			json_array_append_new(all, json_pack("{s:i, s:s, s:s, s:s, s:i, s:i, s:s, s:b}",
				"slot", (int)i,
				"service", status_service_of(m, e),
				"type", e->type == SOCK_STREAM ? "tcp" : "udp",
				"address", addr_format(&e->addr, text),
				"queue", sock_queue(e->fd),
				"limit", sock_queue_limit(e->fd),
				"state", escrow_states[e->state],
				"lent", e->borrower != NULL));
		}
	return all;
}

/* ---- what is out of the ordinary ---- */

static json_t *stranger_json(const struct stranger *s)
{
	char where[ADDR_TEXT], since[32] = "";
	struct tm when;

	if (s->since > 0 && localtime_r(&s->since, &when))
		strftime(since, sizeof(since), "%Y-%m-%d %H:%M:%S", &when);
	return json_pack("{s:s, s:s, s:i, s:o, s:i, s:s}",
		"address", addr_format(&s->addr, where),
		"type", s->type == SOCK_STREAM ? "tcp" : "udp",
		"pid", (int)s->pid, "program", status_text(s->program), "uid", (int)s->uid, "since", since);
}

static json_t *strangers_json(const struct master *m)
{
	json_t *all = json_array();

	for (size_t i = 0; i < m->stranger_count; i++)
		json_array_append_new(all, stranger_json(&m->strangers[i]));
	return all;
}

static json_t *canary_json(const struct master *m)
{
	if (canary_share(m) <= 0.)
		return json_null();
	return json_pack("{s:i, s:f, s:f, s:f, s:i}",
		"generation", (int)m->starting->number, "share", canary_share(m),
		"since", canary_age(m), "until", canary_time(m), "workers", (int)canary_slots(m));
}

static json_t *operation_json(const struct master *m)
{
	const char *name = operation_name(m);
	return name ? json_string(name) : json_null();
}

static json_t *admin_json(const struct master *m)
{
	const struct config *c = m->serving ? m->serving->config : NULL;
	json_t *all = json_array();
	char text[ADDR_TEXT];

	if (c && c->admin_path)
		json_array_append_new(all, status_text(c->admin_path));
	for (size_t i = 0; c && i < c->service_count; i++)
		for (size_t k = 0; config_is_admin(&c->services[i]) && k < c->services[i].listen_count; k++)
			json_array_append_new(all, json_string(addr_format(&c->services[i].listens[k], text)));
	return all;
}

static json_t *lacks_json(const struct master *m)
{
	json_t *all = json_array();
	const char *confining = m->serving ? confine_lacks(m->serving->config) : NULL;

	if (confining)
		json_array_append_new(all, json_string(confining));
	if (child_lacks())
		json_array_append_new(all, json_string(child_lacks()));
	return all;
}

static json_t *confined_json(const struct master *m)
{
	char text[CONFINE_TEXT];

	if (!m->serving || m->serving->adopted)
		return json_null();      /* what the binary before this one did is not known */
	return status_text(confine_tell(m->serving->config, text));
}

/* ---- the whole ---- */

static void add_lately(json_t *status, const struct master *m)
{
	struct latency *all = calloc(1, sizeof(*all));
	double imbalance = history_imbalance(m);
	char line[512];

	if (!all)
		return;
	for (unsigned i = 0; i < m->table.count; i++)
		history_latency(m, m->table.slots[i], all);
	verdict(m, all, line, sizeof(line));
	json_object_set_new(status, "verdict", status_text(line));
	json_object_set_new(status, "imbalance", imbalance > 0. ? json_real(imbalance) : json_null());
	json_object_set_new(status, "p50", status_seconds(all, .5));
	json_object_set_new(status, "p99", status_seconds(all, .99));
	free(all);
}

json_t *status_json(const struct master *m)
{
	json_t *status = json_pack("{s:b, s:s, s:i, s:o, s:f, s:i, s:i, s:i, s:b, s:i, s:i, s:I, s:i}",
		"good", 1,
		"version", PORTICO_VERSION,
		"pid", (int)getpid(),
		"file", status_text(m->file),
		"uptime", child_clock() - m->started,
		"workers", (int)m->table.active,
		"generation", m->serving ? (int)m->serving->number : 0,
		"crashes", (int)m->crashes,
		"retiring", (int)retire_is_under_way(m),
		"upgrades", (int)m->upgrades,
		"stalls", (int)m->stalls,
		"lost", (json_int_t)m->lost,
		"strangers_seen", (int)m->strangers_seen);

	if (!status)
		return NULL;
	add_lately(status, m);
	json_object_set_new(status, "last_reload",
		m->reloaded > 0. ? json_real(child_clock() - m->reloaded) : json_null());
	json_object_set_new(status, "operation", operation_json(m));
	json_object_set_new(status, "lacks", lacks_json(m));
	json_object_set_new(status, "confined", confined_json(m));
	json_object_set_new(status, "admin", admin_json(m));
	json_object_set_new(status, "strangers", strangers_json(m));
	json_object_set_new(status, "canary", canary_json(m));
	json_object_set_new(status, "slots", status_slots(m));
	json_object_set_new(status, "services", status_services(m));
	json_object_set_new(status, "bounds", status_bounds());
	json_object_set_new(status, "generations", generations_json(m));
	json_object_set_new(status, "sockets", sockets_json(m));
	json_object_set_new(status, "now", json_real(chronicle_time(m, child_clock())));
	json_object_set_new(status, "lives", chronicle_lives_json(m));
	json_object_set_new(status, "events", chronicle_events_json(m));
	return status;
}
