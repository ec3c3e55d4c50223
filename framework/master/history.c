/* SPDX-License-Identifier: MIT */
/*
 * history.c - what a slot did lately: rates, shares, latencies.
 */
#include "master/history.h"

#include <stdlib.h>

#include "config/config.h"
#include "master/child.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/numbers.h"
#include "master/shares.h"
#include "master/slot.h"

/* Fewer than so many for each slot say more about chance than about the balance. */
#define ENOUGH 100

static const struct history_sample *sample(const struct history *h, unsigned back)
{
	return &h->samples[(h->count - 1 - back) % (HISTORY_SECONDS + 1)];
}

/* ---- once a second ---- */

static void note_latency(const struct master *m, struct slot *s)
{
	struct counts *all = calloc(1, sizeof(*all));

	if (!all)
		return;
	numbers_slot(m, s->index, all);
	s->history.latency[0] = s->history.latency[1];
	s->history.latency[1] = all->latency;
	free(all);
}

static void note(const struct master *m, struct slot *s)
{
	struct history *h = &s->history;
	struct numbers_brief n = numbers_brief(m, s->index, NULL);

	h->samples[h->count % (HISTORY_SECONDS + 1)] = (struct history_sample){
		.at = child_clock(),
		.clients = n.clients,
		.expected = h->expected,
		.answered = n.answered,
		.busy = numbers_busy(m, s->index),
	};
	if (h->count % HISTORY_SPAN == 0)
		note_latency(m, s);
	h->count++;
}

static void on_second(struct ev_loop *loop, ev_timer *t, int events)
{
	struct master *m = t->data;

	(void)loop;
	(void)events;
	if (!m->serving)
		return;
	for (size_t i = 0; i < m->serving->config->service_count; i++)
		shares_note(m, &m->serving->config->services[i]);
	for (unsigned i = 0; i < m->table.count; i++)
		note(m, m->table.slots[i]);
}

void history_start(struct master *m)
{
	if (ev_is_active(&m->second))
		return;
	ev_timer_init(&m->second, on_second, 0., 1.);
	m->second.data = m;
	ev_timer_start(m->loop, &m->second);
}

void history_stop(struct master *m)
{
	ev_timer_stop(m->loop, &m->second);
	shares_forget(m);
}

/* ---- lately ---- */

/* So many samples before the newest, or as many as there are. */
static unsigned back(const struct history *h, unsigned seconds)
{
	unsigned last = h->count > HISTORY_SECONDS ? HISTORY_SECONDS : h->count - 1;
	return seconds < last ? seconds : last;
}

static void sum_up(const struct master *m, double *clients, double *expected)
{
	*clients = *expected = 0.;
	for (unsigned i = 0; i < m->table.count; i++) {
		const struct history *h = &m->table.slots[i]->history;
		if (h->count == 0)
			continue;
		const struct history_sample *a = sample(h, back(h, HISTORY_SECONDS)), *b = sample(h, 0);
		*clients += (double)(b->clients - a->clients);
		*expected += b->expected - a->expected;
	}
}

struct history_lately history_lately(const struct master *m, const struct slot *s)
{
	const struct history *h = &s->history;
	struct history_lately out = { .share = -1., .share_expected = -1. };
	double clients, expected;

	if (h->count == 0)
		return out;
	const struct history_sample *now = sample(h, 0), *then = sample(h, back(h, HISTORY_SECONDS));
	const struct history_sample *just = sample(h, back(h, HISTORY_RATE));
	double span = now->at - just->at;

	out.clients = now->clients - then->clients;
	out.expected = now->expected - then->expected;
	if (span > 0.) {
		out.rate = (double)(now->answered - just->answered) / span;
		out.busy = (double)(now->busy - just->busy) / 1e9 / span;
	}
	sum_up(m, &clients, &expected);
	if (clients > 0.)
		out.share = (double)out.clients / clients;
	if (expected > 0.)
		out.share_expected = out.expected / expected;
	return out;
}

void history_latency(const struct master *m, const struct slot *s, struct latency *out)
{
	struct counts *all = calloc(1, sizeof(*all));

	if (!all)
		return;
	numbers_slot(m, s->index, all);
	latency_since(&all->latency, &s->history.latency[0]);
	latency_merge(out, &all->latency);
	free(all);
}

double history_imbalance(const struct master *m)
{
	double worst = 0., clients, expected;

	sum_up(m, &clients, &expected);
	if (clients < (double)ENOUGH * m->table.active)
		return 0.;
	for (unsigned i = 0; i < m->table.active; i++) {
		struct history_lately l = history_lately(m, m->table.slots[i]);
		if (l.share_expected > 0. && l.share / l.share_expected > worst)
			worst = l.share / l.share_expected;
	}
	return worst;
}
