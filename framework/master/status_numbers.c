/* SPDX-License-Identifier: MIT */
/*
 * status_numbers.c - the counts behind the metrics: of each service, in each slot.
 *
 * Too much for portico status; the admin service asks for it as well.  A slot that was scaled
 * away stays in it with what it did: who adds up over slots must never see less.
 */
#include <stdlib.h>

#include "config/config.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/numbers.h"
#include "master/status.h"
#include "master/status_parts.h"

/* Powers of two, where the buckets of base/latency.h end: what is told is exact. */
enum { SHORTEST = 5, LONGEST = 24 };     /* 32 us .. 16.8 s */

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *bounds_json(void)
{
	json_t *all = json_array();

	for (unsigned i = SHORTEST; i <= LONGEST; i++)
		json_array_append_new(all, json_real((double)(UINT64_C(1) << i) / 1e6));
	return all;
}

static json_t *latency_json(const struct latency *l)
{
	json_t *below = json_array();

	for (unsigned i = SHORTEST; i <= LONGEST; i++)
		json_array_append_new(below, number(latency_below(l, UINT64_C(1) << i)));
	return json_pack("{s:o, s:o, s:f}", "below", below, "count", number(l->count),
		"sum", (double)l->sum / 1e6);
}

static json_t *row_json(const struct config_service *service, unsigned slot, const struct counts *c)
{
	json_t *row = json_object();

	json_object_set_new(row, "service", json_string(service->name));
	json_object_set_new(row, "protocol", json_string(config_protocol_name(service->protocol)));
	json_object_set_new(row, "worker", json_integer(slot));
	status_add_counts(row, c);
	json_object_set_new(row, "latency", latency_json(&c->latency));
	return row;
}

static void add_row(json_t *all, const struct master *m, const struct config_service *service,
	unsigned slot)
{
	struct counts *c = calloc(1, sizeof(*c));

	if (!c)
		return;
	numbers_service_in(m, slot, service->name, c);
	json_array_append_new(all, row_json(service, slot, c));
	free(c);
}

static unsigned slots_ever(const struct master *m)
{
	size_t dead = m->ledger.loop_count;
	return dead > m->table.count ? (unsigned)dead : m->table.count;
}

static json_t *rows_json(const struct master *m)
{
	json_t *all = json_array();
	const struct config *c = m->serving ? m->serving->config : NULL;

	for (size_t i = 0; c && i < c->service_count; i++)
		for (unsigned slot = 0; slot < slots_ever(m) && !config_is_admin(&c->services[i]); slot++)
			add_row(all, m, &c->services[i], slot);
	return all;
}

static json_t *loops_json(const struct master *m)
{
	json_t *all = json_array();

	for (unsigned slot = 0; slot < slots_ever(m); slot++)
		json_array_append_new(all, json_pack("{s:f, s:I, s:I}",
			"busy", (double)numbers_busy(m, slot) / 1e9,
			"restarts", (json_int_t)ledger_loop(&m->ledger, slot).restarts,
			"left_behind", (json_int_t)ledger_loop(&m->ledger, slot).left_behind));
	return all;
}

json_t *status_numbers(const struct master *m)
{
	return json_pack("{s:f, s:I, s:I, s:o, s:o, s:o}", "began", m->began,
		"reloads", (json_int_t)m->reloads, "reloads_failed", (json_int_t)m->reloads_failed,
		"bounds", bounds_json(), "loops", loops_json(m), "rows", rows_json(m));
}
