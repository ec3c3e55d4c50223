/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - when a connection is started, and to which target.
 *
 * Start number n is due n / rate seconds after the first.  What is overdue is
 * started at once, and counted if it is late: the schedule is never stretched
 * to the speed of the server or of this program.
 */
#include "soak/engine.h"

enum { START_BATCH = 64 };       /* starts between two looks at the sockets */

/* ---- whose turn it is ---- */

/* Each gets its share in credit, the richest pays for all: an even mix without
 * bursts of one kind. */
static const struct soak_target *next_target(struct soak *s)
{
	size_t richest = 0;
	int64_t sum = 0;

	for (size_t i = 0; i < s->plan.target_count; i++) {
		s->credit[i] += s->plan.targets[i].share;
		sum += s->plan.targets[i].share;
		if (s->credit[i] > s->credit[richest])
			richest = i;
	}
	s->credit[richest] -= sum;
	return &s->plan.targets[richest];
}

static void start_one(struct soak *s, double lateness)
{
	struct client *c = s->free;
	const struct soak_target *target = next_target(s);

	if (lateness > SOAK_LATE)
		s->report.late++;
	if (lateness > s->report.latest)
		s->report.latest = lateness;
	if (!c) {
		s->report.held_back++;
		return;
	}
	s->free = c->next_free;
	s->open++;
	if (s->open > s->report.most_open)
		s->report.most_open = s->open;
	client_connect(c, target, s->scheduled);
}

/* ---- the schedule ---- */

static bool is_over(const struct soak *s, double due)
{
	if (s->stopping)
		return true;
	if (s->plan.total > 0 && s->scheduled >= s->plan.total)
		return true;
	return s->plan.seconds > 0. && due >= s->plan.seconds;
}

void schedule_tick(struct ev_loop *loop, ev_timer *t, int events)
{
	struct soak *s = t->data;
	double now = soak_now() - s->begun;

	(void)events;
	for (int i = 0; i < START_BATCH; i++) {
		double due = (double)s->scheduled / s->plan.rate;
		if (is_over(s, due)) {
			soak_stop(s);
			return;
		}
		if (due > now)
			break;
		start_one(s, now - due);
		s->scheduled++;
	}
	double wait = (double)s->scheduled / s->plan.rate - (soak_now() - s->begun);
	/* Relative to now, not to the beginning of this turn. */
	ev_now_update(loop);
	ev_timer_set(t, wait > 0. ? wait : 0., 0.);
	ev_timer_start(loop, t);
}
