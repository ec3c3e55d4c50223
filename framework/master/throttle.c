/* SPDX-License-Identifier: MIT */
/*
 * throttle.c - when to replace a worker that died.
 *
 * At once, if it had lived a while, and also after its first early death:
 * the clients in its queue are waiting.  A slot whose workers die early again and again
 * waits 0.1 s, then twice as long each time, up to 10 s: enough to find the
 * machine usable, short enough to be well soon after the cause is gone.
 * Each step is told once.
 */
#include "master/throttle.h"

#include <ev.h>

#include "base/log.h"
#include "master/chronicle.h"
#include "master/generation.h"
#include "master/master.h"

#define EARLY 5.0
#define FIRST_DELAY 0.1
#define LONGEST_DELAY 10.0

static double delay_after(unsigned early)
{
	double delay = FIRST_DELAY;

	if (early <= 1)
		return 0.;
	for (unsigned i = 2; i < early && delay < LONGEST_DELAY; i++)
		delay *= 2.;
	return delay < LONGEST_DELAY ? delay : LONGEST_DELAY;
}

static void replace(struct slot *s)
{
	struct generation *g = s->master->serving;

	if (!g || g->adopted || s->master->stopping || s->index >= s->master->table.active
		|| generation_member(g, s))
		return;
	if (member_spawn(g, s) < 0)
		throttle_replace(s, 0.);
}

static void on_again(struct ev_loop *loop, ev_timer *t, int events)
{
	(void)loop;
	(void)events;
	replace(t->data);
}

void throttle_replace(struct slot *s, double age)
{
	double before = delay_after(s->early);

	if (ev_is_active(&s->again))
		return;          /* it was one that drained: the next one's time is set */
	s->early = age < EARLY ? s->early + 1 : 0;
	double delay = delay_after(s->early);
	if (delay == 0. && age > 0.) {
		replace(s);
		return;
	}
	if (delay > before)
		chronicle_say(s->master, LOG_WARN, CHRONICLE_FAILED, (int)s->index,
			"slot %u: %u workers in a row died early; next try in %.1f s", s->index, s->early, delay);
	ev_timer_init(&s->again, on_again, delay, 0.);
	s->again.data = s;
	ev_timer_start(s->master->loop, &s->again);
}

void throttle_reset(struct master *m)
{
	for (unsigned i = 0; i < m->table.count; i++) {
		struct slot *s = m->table.slots[i];
		s->early = 0;
		ev_timer_stop(m->loop, &s->again);
	}
}
