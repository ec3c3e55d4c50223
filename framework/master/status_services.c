/* SPDX-License-Identifier: MIT */
/*
 * status_services.c - what each service did, over all slots, and how it is balanced.
 */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "master/balance.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/numbers.h"
#include "master/shared.h"
#include "master/shares.h"
#include "master/status.h"
#include "master/status_parts.h"
#include "sys/table.h"

static json_t *listens_json(const struct config_service *s)
{
	json_t *all = json_array();
	char text[ADDR_TEXT];

	for (size_t i = 0; i < s->listen_count; i++)
		json_array_append_new(all, json_string(addr_format(&s->listens[i], text)));
	return all;
}

static json_t *balance_json(const struct master *m, const struct config_service *s)
{
	const char *runs, *why;

	balance_tell(m, s, &runs, &why);
	return json_pack("{s:s, s:s, s:s}", "asked", config_balance_name(s->balance), "runs", runs,
		"why", why);
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *requests_json(const struct counts *c)
{
	static const char *const classes[COUNT_CLASSES] = { "1xx", "2xx", "3xx", "4xx", "5xx" };
	json_t *all = json_object();

	for (unsigned i = 0; i < COUNT_CLASSES; i++)
		json_object_set_new(all, classes[i], number(c->requests[i]));
	return all;
}

static json_t *errors_json(const struct counts *c)
{
	json_t *all = json_object();

	for (unsigned i = 0; i < COUNT_ERRORS; i++)
		json_object_set_new(all, count_error_name(i), number(c->errors[i]));
	return all;
}

static json_t *limited_json(const struct counts *c)
{
	json_t *all = json_object();

	for (unsigned i = 0; i < COUNT_SCOPES; i++)
		json_object_set_new(all, count_scope_name(i), number(c->limited[i]));
	return all;
}

void status_add_counts(json_t *o, const struct counts *c)
{
	json_object_set_new(o, "accepted", number(c->accepted));
	json_object_set_new(o, "active", number(counts_active(c)));
	json_object_set_new(o, "closed", number(c->closed));
	json_object_set_new(o, "lost", number(c->lost));
	json_object_set_new(o, "bytes_in", number(c->bytes_in));
	json_object_set_new(o, "bytes_out", number(c->bytes_out));
	json_object_set_new(o, "requests", requests_json(c));
	json_object_set_new(o, "datagrams_in", number(c->datagrams_in));
	json_object_set_new(o, "datagrams_out", number(c->datagrams_out));
	json_object_set_new(o, "errors", errors_json(c));
	json_object_set_new(o, "rate_limited", limited_json(c));
	json_object_set_new(o, "p50", status_seconds(&c->latency, .5));
	json_object_set_new(o, "p99", status_seconds(&c->latency, .99));
}

/* ---- plugins' own numbers ---- */

/* "web" and "web /api" are handlers of the service web. */
static bool is_of(const char *handler, const char *service)
{
	size_t len = strlen(service);
	return strncmp(handler, service, len) == 0 && (handler[len] == '\0' || handler[len] == ' ');
}

/* A copy whose texts end, whatever the worker has written. */
static struct page_metric copy_of(const struct page_metric *m)
{
	struct page_metric copy = *m;

	copy.name[sizeof(copy.name) - 1] = '\0';
	copy.help[sizeof(copy.help) - 1] = '\0';
	copy.handler[sizeof(copy.handler) - 1] = '\0';
	return copy;
}

static json_t *find_metric(json_t *all, const char *handler, const char *name)
{
	size_t i;
	json_t *o;

	json_array_foreach(all, i, o)
		if (strcmp(json_string_value(json_object_get(o, "name")), name) == 0
			&& strcmp(json_string_value(json_object_get(o, "handler")), handler) == 0)
			return o;
	return NULL;
}

static json_t *have_metric(json_t *all, const char *handler, const char *name, const char *help,
	enum page_kind kind)
{
	json_t *o = find_metric(all, handler, name);

	if (o)
		return o;
	o = json_pack("{s:o, s:o, s:o, s:s, s:o}", "handler", status_text(handler),
		"name", status_text(name), "help", status_text(help),
		"kind", kind == PAGE_COUNTER ? "counter" : "gauge",
		"value", kind == PAGE_COUNTER ? number(0) : json_real(0.));
	return json_array_append_new(all, o) == 0 ? o : NULL;
}

static void add_count(json_t *o, uint64_t count)
{
	json_t *value = json_object_get(o, "value");
	json_integer_set(value, json_integer_value(value) + (json_int_t)count);
}

static void add_metric(json_t *all, const struct page_metric *m)
{
	json_t *o = have_metric(all, m->handler, m->name, m->help, (enum page_kind)m->kind);
	json_t *value = json_object_get(o, "value");

	if (m->kind == PAGE_COUNTER)
		add_count(o, m->value.count);
	else
		json_real_set(value, json_real_value(value) + m->value.level);
}

/* What workers that are gone have counted: also if nobody lives who counts it now. */
static void add_past(json_t *all, const struct master *m, const struct config_service *s)
{
	for (size_t i = 0; i < m->ledger.counter_count; i++) {
		const struct ledger_counter *c = &m->ledger.counters[i];
		if (is_of(c->handler, s->name))
			add_count(have_metric(all, c->handler, c->name, c->help, PAGE_COUNTER), c->count);
	}
}

static json_t *metrics_json(const struct master *m, const struct config_service *s)
{
	json_t *all = json_array();

	for (const struct generation *g = m->generations; g; g = g->older)
		for (const struct member *w = g->members; w; w = w->next)
			for (uint32_t i = 0; i < page_metrics(w->page); i++) {
				const struct page_metric metric = copy_of(&w->page->metrics[i]);
				if (is_of(metric.handler, s->name))
					add_metric(all, &metric);
			}
	add_past(all, m, s);
	return all;
}

/* ---- who got how much ---- */

static json_t *part(double share)
{
	return share < 0. ? json_null() : json_real(share);
}

static json_t *slots_json(const struct master *m, const struct config_service *s)
{
	json_t *all = json_array();

	for (unsigned i = 0; i < m->table.count; i++) {
		struct share lately = shares_lately(m, s->name, i);
		json_array_append_new(all, json_pack("{s:i, s:I, s:o, s:o, s:I}", "slot", (int)i,
			"clients", (json_int_t)lately.clients, "share", part(lately.part),
			"expected", part(lately.expected),
			"active", (json_int_t)numbers_brief(m, i, s->name).active));
	}
	return all;
}

/* ---- how long it took ---- */

/* Powers of two, where the buckets of base/latency.h end. */
enum { SHORTEST = 0, LONGEST = 24 };     /* 1 us .. 16.8 s */

json_t *status_bounds(void)
{
	json_t *all = json_array();

	for (unsigned i = SHORTEST; i <= LONGEST; i++)
		json_array_append_new(all, json_real((double)(UINT64_C(1) << i) / 1e6));
	return all;
}

static json_t *histogram_json(const struct latency *l)
{
	json_t *counts = json_array();
	uint64_t before = 0;

	for (unsigned i = SHORTEST; i <= LONGEST; i++) {
		uint64_t below = latency_below(l, UINT64_C(1) << i);
		json_array_append_new(counts, number(below - before));
		before = below;
	}
	json_array_append_new(counts, number(l->count - before));
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "count", number(l->count),
		"p50", status_seconds(l, .5), "p90", status_seconds(l, .9),
		"p99", status_seconds(l, .99), "p999", status_seconds(l, .999), "counts", counts);
}

/* all is used up. */
static json_t *latency_json(const struct master *m, const char *service, struct latency *all)
{
	const struct latency *before = shares_latency_before(m, service);
	json_t *whole = histogram_json(all), *since = NULL;

	if (before) {
		latency_since(all, before);
		since = histogram_json(all);
	}
	return json_pack("{s:o, s:o}", "all", whole, "reload", since ? since : json_null());
}

/* ---- what its workers share ---- */

static json_t *table_json(const struct master *m, const struct config_service *s)
{
	const struct table *t = shared_table(m, s);

	if (!t)
		return json_null();
	struct table_fill fill = table_fill(t);
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "size", (json_int_t)table_size(t),
		"room", (json_int_t)fill.room, "used", (json_int_t)fill.used,
		"entries", (json_int_t)fill.entries, "refused", (json_int_t)fill.refused);
}

/* ---- the service ---- */

static json_t *service_json(const struct master *m, const struct config_service *s)
{
	json_t *o = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}",
		"name", s->name,
		"protocol", config_protocol_name(s->protocol),
		"listen", listens_json(s),
		"balance", balance_json(m, s),
		"slots", slots_json(m, s),
		"table", table_json(m, s),
		"metrics", metrics_json(m, s));
	struct counts *c = calloc(1, sizeof(*c));

	if (o && c) {
		numbers_service(m, s->name, c);
		status_add_counts(o, c);
		json_object_set_new(o, "latency", latency_json(m, s->name, &c->latency));
	}
	free(c);
	return o;
}

json_t *status_services(const struct master *m)
{
	json_t *all = json_array();

	for (size_t i = 0; m->serving && i < m->serving->config->service_count; i++)
		if (!config_is_admin(&m->serving->config->services[i]))
			json_array_append_new(all, service_json(m, &m->serving->config->services[i]));
	return all;
}
