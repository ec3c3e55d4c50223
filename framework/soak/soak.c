/* SPDX-License-Identifier: MIT */
/*
 * soak.c - a load, from its making to its report.
 */
#include "soak/soak.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "soak/client.h"
#include "soak/connect.h"
#include "soak/engine.h"

double soak_now(void)
{
	return clock_seconds();
}

/* ---- beginning and end ---- */

static void on_rest(struct ev_loop *loop, ev_prepare *p, int events)
{
	struct soak *s = p->data;

	(void)events;
	if (!s->stopping || s->open > 0)
		return;
	ev_prepare_stop(loop, p);
	s->ended = soak_now();
	if (s->done)
		s->done(s->arg);
}

void soak_start(struct soak *s)
{
	s->begun = soak_now();
	ev_prepare_start(s->loop, &s->rest);
	schedule_start(s);
}

void soak_stop(struct soak *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	schedule_stop(s);
	for (unsigned i = 0; i < s->plan.max_open; i++)
		if (s->clients[i].state == CLIENT_PAUSING)
			client_give_up(&s->clients[i]);
}

/* ---- making ---- */

static void fill_plan(struct soak_plan *p)
{
	if (p->timeout <= 0.)
		p->timeout = SOAK_TIMEOUT;
	if (p->max_open == 0)
		p->max_open = SOAK_MAX_OPEN;
	for (size_t i = 0; i < p->target_count; i++) {
		if (p->targets[i].share == 0)
			p->targets[i].share = 1;
		if (p->targets[i].requests == 0)
			p->targets[i].requests = 1;
	}
	connect_choose_sources(p);
}

static bool is_possible(const struct soak_plan *p)
{
	if (p->target_count == 0 || p->target_count > SOAK_TARGETS || !(p->rate > 0.))
		return false;
	for (size_t i = 0; i < p->target_count; i++) {
		const struct soak_target *t = &p->targets[i];
		size_t names = (t->host ? strlen(t->host) : 0) + (t->path ? strlen(t->path) : 0);
		if (names > SOAK_NAMES || t->pause_min > t->pause_max)
			return false;
	}
	return true;
}

struct soak *soak_create(struct ev_loop *loop, const struct soak_plan *plan,
	void (*done)(void *arg), void *arg)
{
	if (!is_possible(plan)) {
		errno = EINVAL;
		return NULL;
	}
	struct soak *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->loop = loop;
	s->plan = *plan;
	s->done = done;
	s->arg = arg;
	s->dice = 1;
	fill_plan(&s->plan);
	s->clients = calloc(s->plan.max_open, sizeof(*s->clients));
	if (!s->clients || schedule_open(s) < 0) {
		free(s->clients);
		free(s);
		return NULL;
	}
	for (unsigned i = s->plan.max_open; i > 0; i--)
		client_init(&s->clients[i - 1], s);
	ev_prepare_init(&s->rest, on_rest);
	s->rest.data = s;
	return s;
}

void soak_destroy(struct soak *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->plan.max_open; i++)
		client_give_up(&s->clients[i]);
	schedule_close(s);
	ev_prepare_stop(s->loop, &s->rest);
	free(s->clients);
	free(s);
}

/* ---- asking it ---- */

unsigned soak_pending(const struct soak *s)
{
	return s->asking;
}

uint64_t soak_requests(const struct soak *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->plan.target_count; i++)
		sum += s->report.targets[i].n[SOAK_REQUESTS];
	return sum;
}

void soak_get_report(const struct soak *s, struct soak_report *report)
{
	*report = s->report;
	report->target_count = s->plan.target_count;
	report->seconds = (s->ended > 0. ? s->ended : soak_now()) - s->begun;
	for (size_t i = 0; i < s->plan.target_count; i++) {
		report->names[i] = s->plan.targets[i].name;
		for (int k = 0; k < SOAK_COUNTS; k++)
			report->all.n[k] += s->report.targets[i].n[k];
		latency_merge(&report->all.latency, &s->report.targets[i].latency);
	}
}

int soak_run(const struct soak_plan *plan, struct soak_report *report)
{
	struct ev_loop *loop = NULL;
	struct soak *s = NULL;
	int result = -1;

	if (plan->seconds <= 0. && plan->total == 0) {
		errno = EINVAL;
		return -1;
	}
	loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (!loop)
		goto out;
	s = soak_create(loop, plan, NULL, NULL);
	if (!s)
		goto out;
	soak_start(s);
	ev_run(loop, 0);         /* until nothing of ours is watched any more */
	soak_get_report(s, report);
	result = 0;
out:
	soak_destroy(s);
	if (loop)
		ev_loop_destroy(loop);
	return result;
}
