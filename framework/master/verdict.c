/* SPDX-License-Identifier: MIT */
/*
 * verdict.c - how the server is, in one line.
 */
#include "master/verdict.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/latency.h"
#include "base/units.h"
#include "master/canary.h"
#include "master/child.h"
#include "master/generation.h"
#include "master/history.h"
#include "master/master.h"
#include "master/stall.h"

struct line {
	char  *out;
	size_t size, at;
};

static void __attribute__((format(printf, 2, 3))) add(struct line *l, const char *fmt, ...)
{
	va_list args;

	if (l->at >= l->size)
		return;
	va_start(args, fmt);
	int n = vsnprintf(l->out + l->at, l->size - l->at, fmt, args);
	va_end(args);
	l->at += n > 0 ? (size_t)n : 0;
}

static unsigned count_serving(const struct master *m)
{
	unsigned count = 0;

	for (unsigned i = 0; i < m->table.active; i++) {
		const struct member *w = generation_member(m->serving, m->table.slots[i]);
		count += w && w->state == MEMBER_SERVING && !m->table.slots[i]->stalled;
	}
	return count;
}

static void say_workers(struct line *l, const struct master *m)
{
	unsigned all = m->table.active, serving = count_serving(m);

	if (serving < all)
		add(l, "%u of %u workers serve", serving, all);
	else
		add(l, "%u worker%s", all, all == 1 ? "" : "s");
	add(l, ", generation %u", m->serving->number);
}

static void say_end(struct line *l, const struct master *m)
{
	unsigned count = 0;

	for (const struct generation *g = m->generations; g; g = g->older)
		for (const struct member *w = g->members; w; w = w->next)
			count++;
	add(l, "ending, %u worker%s what is in hand", count, count == 1 ? " finishes" : "s finish");
}

static void say_stalls(struct line *l, const struct master *m)
{
	for (unsigned i = 0; i < m->table.count; i++)
		if (m->table.slots[i]->stalled)
			add(l, ", worker %u blocked for %.1f s", i, stall_time(m->table.slots[i]));
}

static void say_rests(struct line *l, const struct master *m)
{
	for (unsigned i = 0; i < m->table.count; i++)
		if (m->table.slots[i]->resting)
			add(l, ", worker %u rests: no descriptor is left", i);
}

static void say_canary(struct line *l, const struct master *m)
{
	if (canary_share(m) > 0.)
		add(l, ", canary generation %u has %.0f %%", m->starting->number, canary_share(m) * 100.);
}

static void say_balance(struct line *l, const struct master *m)
{
	double imbalance = history_imbalance(m);

	if (imbalance > 0.)
		add(l, ", balanced %.2f×", imbalance);
	else
		add(l, ", too few new clients to see the balance");
}

static void say_latency(struct line *l, const struct latency *lately)
{
	char text[UNITS_TEXT];

	if (lately->count > 0)
		add(l, ", p99 %s", units_seconds(latency_quantile(lately, .99), text));
}

static void say_reload(struct line *l, const struct master *m)
{
	char text[UNITS_TEXT];

	if (m->reloaded > 0.)
		add(l, ", last reload %s ago", units_seconds(child_clock() - m->reloaded, text));
	else
		add(l, ", no reload yet");
}

void verdict(const struct master *m, const struct latency *lately, char *out, size_t size)
{
	struct line l = { .out = out, .size = size };

	if (m->stopping || !m->serving) {
		if (m->stopping)
			say_end(&l, m);
		else
			add(&l, "starting, no worker serves yet");
		add(&l, ", %llu lost", (unsigned long long)m->lost);
		return;
	}
	if (master_is_leaving(m))
		add(&l, "about to end, ");
	say_workers(&l, m);
	say_stalls(&l, m);
	say_rests(&l, m);
	say_canary(&l, m);
	if (m->stranger_count > 0)
		add(&l, ", %zu stranger%s on its ports", m->stranger_count,
			m->stranger_count == 1 ? "" : "s");
	say_balance(&l, m);
	say_latency(&l, lately);
	say_reload(&l, m);
	add(&l, ", %llu lost", (unsigned long long)m->lost);
}
