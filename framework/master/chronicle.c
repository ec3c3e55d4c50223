/* SPDX-License-Identifier: MIT */
/*
 * chronicle.c - what has happened: the last events in words, and the lives of workers.
 *
 * Two rings.  Who lives is in none of them: that is told by the members themselves.
 */
#include "master/chronicle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "master/generation.h"
#include "master/master.h"
#include "master/slot.h"
#include "master/status.h"

static const char *const kinds[] = {
	[CHRONICLE_GOOD] = "good",
	[CHRONICLE_BEGIN] = "begin",
	[CHRONICLE_FAILED] = "failed",
	[CHRONICLE_CRASH] = "crash",
	[CHRONICLE_STALL] = "stall",
	[CHRONICLE_TURNS] = "turns",
	[CHRONICLE_REST] = "rest",
	[CHRONICLE_CANARY] = "canary",
	[CHRONICLE_STRANGER] = "stranger",
	[CHRONICLE_DRAIN] = "drain",
	[CHRONICLE_STOP] = "stop",
};

enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

double chronicle_time(const struct master *m, double at)
{
	return m->began + (at - m->started);
}

/* ---- events ---- */

static const struct chronicle_event *newest(const struct chronicle *c)
{
	return c->event_count > 0 ? &c->events[(c->event_count - 1) % CHRONICLE_EVENTS] : NULL;
}

/* Rounded up: who was told the status in this very millisecond has not seen what comes now. */
static uint64_t next_id(const struct master *m)
{
	const struct chronicle_event *last = newest(&m->chronicle);
	uint64_t now = (uint64_t)(chronicle_time(m, child_clock()) * 1e3) + 1;

	return last && last->id >= now ? last->id + 1 : now;
}

static void keep(struct master *m, enum chronicle_kind kind, int slot, const char *text)
{
	struct chronicle *c = &m->chronicle;
	uint64_t id = next_id(m);
	struct chronicle_event *e = &c->events[c->event_count++ % CHRONICLE_EVENTS];

	e->id = id;
	e->kind = kind;
	e->slot = slot;
	snprintf(e->text, sizeof(e->text), "%s", text);
}

void chronicle_note(struct master *m, enum chronicle_kind kind, int slot, const char *fmt, ...)
{
	char text[CHRONICLE_TEXT];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	keep(m, kind, slot, text);
}

void chronicle_say(struct master *m, enum log_level level, enum chronicle_kind kind, int slot,
	const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (level == LOG_ERROR)
		log_error("%s", text);
	else if (level == LOG_WARN)
		log_warn("%s", text);
	else
		log_info("%s", text);
	keep(m, kind, slot, text);
}

static json_t *event_json(const struct chronicle_event *e)
{
	json_t *o = json_pack("{s:I, s:s, s:o}", "id", (json_int_t)e->id, "kind", kinds[e->kind],
		"text", status_text(e->text));

	json_object_set_new(o, "slot", e->slot == NO_SLOT ? json_null() : json_integer(e->slot));
	return o;
}

json_t *chronicle_events_json(const struct master *m)
{
	const struct chronicle *c = &m->chronicle;
	unsigned first = c->event_count > CHRONICLE_EVENTS ? c->event_count - CHRONICLE_EVENTS : 0;
	json_t *all = json_array();

	for (unsigned i = first; i < c->event_count; i++)
		json_array_append_new(all, event_json(&c->events[i % CHRONICLE_EVENTS]));
	return all;
}

/* ---- lives ---- */

static struct chronicle_life life_of(const struct member *w)
{
	return (struct chronicle_life){
		.slot = w->slot->index,
		.generation = w->generation->number,
		.pid = w->child.pid,
		.born = w->child.born,
		.ready = w->ready_at,
		.serving = w->serving_at,
		.draining = w->leaving_at,
	};
}

void chronicle_bury(struct master *m, const struct member *w, bool crashed)
{
	struct chronicle *c = &m->chronicle;
	struct chronicle_life *l = &c->lives[c->life_count++ % CHRONICLE_LIVES];

	*l = life_of(w);
	l->gone = child_clock();
	l->crashed = crashed;
}

static json_t *time_json(const struct master *m, double at)
{
	return at > 0. ? json_real(chronicle_time(m, at)) : json_null();
}

static json_t *life_json(const struct master *m, const struct chronicle_life *l)
{
	return json_pack("{s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o, s:b}", "slot", (int)l->slot,
		"generation", (int)l->generation, "pid", (int)l->pid,
		"born", time_json(m, l->born), "ready", time_json(m, l->ready),
		"serving", time_json(m, l->serving), "draining", time_json(m, l->draining),
		"gone", time_json(m, l->gone), "crashed", (int)l->crashed);
}

static void add_gone(const struct master *m, json_t *all)
{
	const struct chronicle *c = &m->chronicle;
	unsigned first = c->life_count > CHRONICLE_LIVES ? c->life_count - CHRONICLE_LIVES : 0;

	for (unsigned i = c->life_count; i-- > first;)
		json_array_append_new(all, life_json(m, &c->lives[i % CHRONICLE_LIVES]));
}

json_t *chronicle_lives_json(const struct master *m)
{
	json_t *all = json_array();

	for (const struct generation *g = m->generations; g; g = g->older)
		for (const struct member *w = g->members; w; w = w->next) {
			const struct chronicle_life life = life_of(w);
			json_array_append_new(all, life_json(m, &life));
		}
	add_gone(m, all);
	return all;
}

/* ---- over an upgrade ---- */

static json_t *gone_json(const struct master *m)
{
	json_t *all = json_array();

	add_gone(m, all);
	return all;
}

json_t *chronicle_save(const struct master *m)
{
	return json_pack("{s:o, s:o}", "events", chronicle_events_json(m), "lives", gone_json(m));
}

static int kind_of(const json_t *name)
{
	const char *text = json_string_value(name);
	int kind = 0;

	while (kind < KINDS && (!text || strcmp(kinds[kind], text) != 0))
		kind++;
	return kind;
}

static void load_event(struct chronicle *c, const json_t *o)
{
	const json_t *slot = json_object_get(o, "slot");
	const char *text = json_string_value(json_object_get(o, "text"));
	int kind = kind_of(json_object_get(o, "kind"));

	if (kind == KINDS || !text)
		return;
	struct chronicle_event *e = &c->events[c->event_count++ % CHRONICLE_EVENTS];
	e->id = (uint64_t)json_integer_value(json_object_get(o, "id"));
	e->kind = (enum chronicle_kind)kind;
	e->slot = json_is_integer(slot) ? (int)json_integer_value(slot) : NO_SLOT;
	snprintf(e->text, sizeof(e->text), "%s", text);
}

static double clock_of(const struct master *m, const json_t *o, const char *key)
{
	const json_t *at = json_object_get(o, key);
	return json_is_number(at) ? json_number_value(at) - m->began + m->started : 0.;
}

static void load_life(struct master *m, const json_t *o)
{
	struct chronicle *c = &m->chronicle;

	c->lives[c->life_count++ % CHRONICLE_LIVES] = (struct chronicle_life){
		.slot = (unsigned)json_integer_value(json_object_get(o, "slot")),
		.generation = (unsigned)json_integer_value(json_object_get(o, "generation")),
		.pid = (pid_t)json_integer_value(json_object_get(o, "pid")),
		.born = clock_of(m, o, "born"),
		.ready = clock_of(m, o, "ready"),
		.serving = clock_of(m, o, "serving"),
		.draining = clock_of(m, o, "draining"),
		.gone = clock_of(m, o, "gone"),
		.crashed = json_is_true(json_object_get(o, "crashed")),
	};
}

void chronicle_load(struct master *m, const json_t *saved)
{
	const json_t *events = json_object_get(saved, "events"), *o;
	const json_t *lives = json_object_get(saved, "lives");
	size_t i;

	json_array_foreach(events, i, o)
		load_event(&m->chronicle, o);
	for (i = json_array_size(lives); i-- > 0;)       /* the newest was told first */
		load_life(m, json_array_get(lives, i));
}
