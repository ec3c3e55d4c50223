/* SPDX-License-Identifier: MIT */
/*
 * canary.c - a reload that shows the new generation to a few clients first.
 */
#include "master/canary.h"

#include <ev.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/log.h"
#include "master/balance.h"
#include "master/chronicle.h"
#include "master/generation.h"
#include "master/load.h"
#include "master/master.h"
#include "master/numbers.h"
#include "master/operation.h"
#include "master/retire.h"
#include "master/slot.h"

#define LOOK_EVERY .25

/* Fewer than so many answers say nothing of how long they take. */
enum { ENOUGH_ANSWERS = 200 };

/* Latencies below it are not told apart. */
#define FAST_ENOUGH .002

struct canary {
	struct generation *generation;
	unsigned           first, count;     /* its slots */
	double             share;
	double             seconds;
	double             since;            /* it serves; 0: not yet */
	struct counts      before;           /* of the old generation, when it began */
	ev_timer           look;
};

/* ---- asking ---- */

static bool is_serving(const struct master *m)
{
	return m->canary && m->canary->since > 0.;
}

double canary_share(const struct master *m)
{
	return is_serving(m) ? m->canary->share : 0.;
}

bool canary_has(const struct master *m, unsigned slot)
{
	return m->canary && slot >= m->canary->first && slot - m->canary->first < m->canary->count;
}

unsigned canary_slots(const struct master *m)
{
	return m->canary ? m->canary->count : 0;
}

double canary_age(const struct master *m)
{
	return is_serving(m) ? child_clock() - m->canary->since : 0.;
}

double canary_time(const struct master *m)
{
	return m->canary ? m->canary->seconds : 0.;
}

/* ---- its beginning ---- */

/* An address that only the new generation has would get its first sockets in slots
 * behind the row, and their places in the group would be wrong for ever. */
static bool has_new_address(const struct master *m, const struct config *c)
{
	int sockets[CONFIG_MAX_LISTENS];
	size_t need = slot_need(c);

	slot_sockets(m->table.slots[0], c, sockets);
	for (size_t i = 0; i < need; i++)
		if (sockets[i] < 0)
			return true;
	return false;
}

static void refuse(struct master *m, struct config *c, const char *why)
{
	config_destroy(c);
	operation_ended(m, false, "reload failed: %s; generation %u goes on", why, m->serving->number);
}

static unsigned workers_of(double share, const struct config *c)
{
	return (unsigned)ceil(share * c->workers);
}

static struct canary *create(struct master *m, double share, double seconds, unsigned workers)
{
	struct canary *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->share = share;
	c->seconds = seconds;
	c->first = m->table.active;
	c->count = workers;
	return c;
}

static void staff(struct generation *g, const struct canary *c)
{
	struct master *m = g->master;

	if (slots_grow(&m->table, m, c->first + c->count) < 0) {
		generation_note_failure(g, EX_OSERR, "no memory for slots");
		return;
	}
	balance_settle(m);
	for (unsigned i = 0; i < c->count && !g->failure; i++)
		(void)member_spawn(g, m->table.slots[c->first + i]);
}

void canary_start(struct master *m, struct config *config, double share, double seconds)
{
	if (has_new_address(m, config)) {
		refuse(m, config, "a canary cannot have an address that is new; portico reload "
			"--canary off does without one");
		return;
	}
	if (m->table.active + workers_of(share, config) > CONFIG_MAX_WORKERS) {
		refuse(m, config, "there is no room for so many workers of a canary beside those that "
			"serve; a smaller share, or portico reload --canary off");
		return;
	}
	m->canary = create(m, share, seconds, workers_of(share, config));
	if (!m->canary) {
		refuse(m, config, "no memory for a canary");
		return;
	}
	struct generation *g = generation_create(m, config);
	if (!g) {
		canary_end(m);
		operation_ended(m, false, "no memory for a canary");
		return;
	}
	m->canary->generation = g;
	m->starting = g;
	load_prepare(m, config);
	staff(g, m->canary);
	if (g->failure)
		canary_failed(g, g->why);
	else
		generation_bind_next(g);
	generation_bury(g);
}

/* ---- while it serves ---- */

struct finding {
	bool bad;
	char why[160];
};

static double error_rate(const struct counts *c)
{
	uint64_t all = counts_requests(c);
	return all > 0 ? (double)c->requests[4] / (double)all : 0.;
}

static void judge_errors(struct finding *v, const struct counts *young, const struct counts *old,
	double worse)
{
	double mine = error_rate(young), theirs = error_rate(old);
	double bearable = worse * theirs * (double)counts_requests(young);

	/* Few errors come in clusters by chance: three standard deviations are let pass. */
	if ((double)young->requests[4] <= bearable + 3. * sqrt(bearable + 1.))
		return;
	v->bad = true;
	snprintf(v->why, sizeof(v->why), "%.1f %% of its answers are 5xx, %.1f %% of the old ones",
		mine * 100., theirs * 100.);
}

static void judge_latency(struct finding *v, const struct counts *young, const struct counts *old,
	double worse)
{
	if (young->latency.count < ENOUGH_ANSWERS || old->latency.count < ENOUGH_ANSWERS)
		return;
	double mine = latency_quantile(&young->latency, .99);
	double theirs = latency_quantile(&old->latency, .99);
	if (mine <= worse * (theirs > FAST_ENOUGH ? theirs : FAST_ENOUGH))
		return;
	v->bad = true;
	snprintf(v->why, sizeof(v->why), "its p99 is %.1f ms, the old one's %.1f ms", mine * 1e3,
		theirs * 1e3);
}

/* Whatever the slots of the row did, also by workers that died meanwhile. */
static void add_old(const struct master *m, const struct canary *c, struct counts *out)
{
	for (unsigned i = 0; i < c->first; i++)
		numbers_slot(m, i, out);
}

static void judge(const struct master *m, struct finding *v)
{
	const struct canary *c = m->canary;
	struct counts young = {0}, old = {0};
	double worse = (double)c->generation->config->canary_worse;

	numbers_generation(c->generation, &young);
	add_old(m, c, &old);
	counts_since(&old, &c->before);
	judge_errors(v, &young, &old, worse);
	if (!v->bad)
		judge_latency(v, &young, &old, worse);
}

static void roll_back(struct master *m, const char *why);

static void on_look(struct ev_loop *loop, ev_timer *t, int events)
{
	struct master *m = t->data;
	struct finding v = {0};

	(void)loop;
	(void)events;
	judge(m, &v);
	if (v.bad)
		roll_back(m, v.why);
	else if (canary_age(m) >= m->canary->seconds)
		(void)canary_promote(m);
}

void canary_ready(struct generation *g)
{
	struct master *m = g->master;
	struct canary *c = m->canary;
	const struct config_service *failed;

	if (slots_listen(&m->table, g->config, c->first, c->first + c->count, &failed) < 0) {
		canary_failed(g, "its sockets cannot listen");
		return;
	}
	g->state = GENERATION_CANARY;
	c->since = child_clock();
	add_old(m, c, &c->before);
	generation_let_serve(g);
	balance_settle(m);
	chronicle_say(m, LOG_INFO, CHRONICLE_CANARY, NO_SLOT,
		"canary: generation %u gets %.0f %% of new clients for %.0f s, in %u worker%s", g->number, c->share * 100., c->seconds, c->count, c->count == 1 ? "" : "s");
	ev_timer_init(&c->look, on_look, LOOK_EVERY, LOOK_EVERY);
	c->look.data = m;
	ev_timer_start(m->loop, &c->look);
}

/* ---- its end ---- */

void canary_end(struct master *m)
{
	if (!m->canary)
		return;
	ev_timer_stop(m->loop, &m->canary->look);
	free(m->canary);
	m->canary = NULL;
}

int canary_promote(struct master *m)
{
	struct generation *g = is_serving(m) ? m->canary->generation : NULL;

	if (!g || g->state != GENERATION_CANARY)
		return -1;       /* it may be on its way: the rest of its workers is awaited */
	ev_timer_stop(m->loop, &m->canary->look);
	chronicle_say(m, LOG_INFO, CHRONICLE_CANARY, NO_SLOT,
		"canary: generation %u is promoted after %.1f s", g->number, canary_age(m));
	generation_go_on(g);
	return 0;
}

/* Who has clients finishes them: nothing is lost by a canary either. */
static void roll_back(struct master *m, const char *why)
{
	struct generation *g = m->canary->generation;
	bool served = is_serving(m);

	canary_end(m);
	m->starting = NULL;
	g->gave_up = true;
	generation_leave_slots(g, 0);
	g->state = GENERATION_RETIRING;
	retire_slots(m);
	operation_ended(m, false, "%s: %s; generation %u goes on",
		served ? "canary rolled back" : "reload failed", why, m->serving->number);
	generation_trim_slots(m);
}

void canary_failed(struct generation *g, const char *why)
{
	if (g->master->canary && g->master->canary->generation == g)
		roll_back(g->master, why);
}

void canary_suffers(struct master *m, const struct slot *s, const char *why)
{
	if (is_serving(m) && canary_has(m, s->index))
		roll_back(m, why);
}

int canary_roll_back(struct master *m)
{
	if (!is_serving(m))
		return -1;
	roll_back(m, "as the operator said");
	return 0;
}
