/* SPDX-License-Identifier: MIT */
/* timer.c - proto/timer.c: a handler's timers. */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>

#include "portico.h"
#include "rig.h"

TestSuite(timer, .init = rig_up, .fini = rig_down, .timeout = 30);

static struct portico_timer *timer;

static void fire(void *arg)
{
	rig_enter();
	rig_tell("%s", (const char *)arg);
	rig_leave();
}

static void fire_last(void *arg)
{
	fire(arg);
	portico_timer_stop(timer);
}

static struct portico_timer *start(double after, double repeat, const char *name)
{
	timer = portico_timer_start(&rig.handler, after, repeat, fire, (void *)name);
	cr_assert_not_null(timer);
	return timer;
}

Test(timer, fires_once_or_again_and_again)
{
	start(.05, 0., "once");
	start(.08, .1, "again");
	rig_pass(.3);
	rig_told("once again again again");
	portico_timer_stop(timer);
	portico_timer_stop(NULL);
	rig_pass(.3);
	rig_told("");
}

Test(timer, may_be_stopped_while_it_fires)
{
	timer = portico_timer_start(&rig.handler, 0., .1, fire_last, "last");
	rig_pass(.3);
	rig_told("last");
}

/* start() may take long, and any callback. */
Test(timer, counts_from_when_it_was_started)
{
	rig_turn();
	rig_block(1.);
	start(.5, 0., "fire");
	rig_turns(3);
	rig_told("");
	rig_pass(.6);
	rig_told("fire");
}

Test(timer, of_no_time_is_refused)
{
	const double times[] = { -1., NAN, INFINITY };

	for (unsigned i = 0; i < 3; i++) {
		cr_assert_null(portico_timer_start(&rig.handler, times[i], 0., fire, NULL));
		cr_assert_eq(errno, EINVAL);
		cr_assert_null(portico_timer_start(&rig.handler, 0., times[i], fire, NULL));
	}
	cr_assert_null(portico_timer_start(&rig.handler, 0., 0., NULL, NULL));
}
