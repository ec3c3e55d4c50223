/* SPDX-License-Identifier: MIT */
/*
 * schedule.c - when a connection is started, and to which target.
 *
 * Start number n is due n / rate seconds after the first; of a Poisson schedule
 * an exponential gap after the one before.  What is overdue is
 * started at once, and counted if it is late: the schedule is never stretched
 * to the speed of the server or of this program.
 */
#include "soak/engine.h"

#include <math.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { START_BATCH = 64 };       /* starts between two looks at the sockets */

/* ---- whose turn it is ---- */

/* Each gets its share in credit, the richest pays for all: an even mix without
 * bursts of one kind. */
static const struct soak_target *richest_target(struct soak *s)
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

static const struct soak_target *random_target(struct soak *s)
{
	double at = 0.;
	size_t i = 0;

	for (size_t k = 0; k < s->plan.target_count; k++)
		at += s->plan.targets[k].share;
	at *= erand48(s->chance);
	while (i + 1 < s->plan.target_count && at >= s->plan.targets[i].share)
		at -= s->plan.targets[i++].share;
	return &s->plan.targets[i];
}

static const struct soak_target *next_target(struct soak *s)
{
	return s->plan.poisson ? random_target(s) : richest_target(s);
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
	client_connect(c, target, s->scheduled, s->begun + s->due);
}

/* ---- the schedule ---- */

static bool is_over(const struct soak *s)
{
	if (s->stopping)
		return true;
	if (s->plan.total > 0 && s->scheduled >= s->plan.total)
		return true;
	return s->plan.seconds > 0. && s->due >= s->plan.seconds;
}

static void choose_next(struct soak *s)
{
	s->scheduled++;
	if (s->plan.poisson)
		s->due -= log1p(-erand48(s->chance)) / s->plan.rate;
	else
		s->due = (double)s->scheduled / s->plan.rate;
}

/* At least a nanosecond: a time of 0 would stop the clock (timerfd_settime(2)). */
static void set_clock(struct soak *s, double wait)
{
	struct itimerspec at = { .it_value.tv_nsec = 1 };

	if (wait > 1e-9) {
		at.it_value.tv_sec = (time_t)wait;
		at.it_value.tv_nsec = (long)((wait - (double)at.it_value.tv_sec) * 1e9);
	}
	(void)timerfd_settime(s->tick.fd, 0, &at, NULL);
}

static void on_tick(struct ev_loop *loop, ev_io *io, int events)
{
	struct soak *s = io->data;
	double now = soak_now() - s->begun;

	(void)loop;
	(void)events;
	for (int i = 0; i < START_BATCH; i++) {
		if (is_over(s)) {
			soak_stop(s);
			return;
		}
		if (s->due > now)
			break;
		start_one(s, now - s->due);
		choose_next(s);
	}
	set_clock(s, s->due - (soak_now() - s->begun));
}

/* ---- its clock ---- */

int schedule_open(struct soak *s)
{
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);

	if (fd < 0)
		return -1;
	ev_io_init(&s->tick, on_tick, fd, EV_READ);
	s->tick.data = s;
	s->chance[0] = 0x330e;   /* as srand48(3) does */
	s->chance[1] = (unsigned short)s->plan.seed;
	s->chance[2] = (unsigned short)(s->plan.seed >> 16);
	return 0;
}

void schedule_close(struct soak *s)
{
	ev_clear_pending(s->loop, &s->tick);
	ev_io_stop(s->loop, &s->tick);
	close(s->tick.fd);
}

void schedule_start(struct soak *s)
{
	set_clock(s, 0.);
	ev_io_start(s->loop, &s->tick);
}

void schedule_stop(struct soak *s)
{
	ev_io_stop(s->loop, &s->tick);
	/* So that the loop turns once more, and on_rest() is asked. */
	ev_feed_event(s->loop, &s->tick, 0);
}
