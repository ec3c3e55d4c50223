/* SPDX-License-Identifier: MIT */
/*
 * stream_deadlines.c - when a stream is late, and when it only looks so.
 */
#include "stream_rig.h"

#include <criterion/criterion.h>

STREAM_SUITE(stream_deadlines);

Test(stream_deadlines, is_late_when_nothing_comes)
{
	kind.idle.span = 0.01;
	deadline_set(&side.stream.deadline, &kind.idle);
	while (!side.lates)
		ev_run(rig.loop, EVRUN_ONCE);
	rig_turn();
	cr_assert_eq(side.closeds, 1);
}

/* ---- bugs that were ---- */

Test(stream_deadlines, is_not_late_with_what_came_while_the_loop_was_blocked)
{
	kind.idle.span = 0.02;
	deadline_set(&side.stream.deadline, &kind.idle);
	rig_turn();
	peer_says(&side, "in time");
	rig_block(0.05);
	rig_turns(2);
	cr_assert_eq(side.lates, 0);
	cr_assert_eq(side.datas, 1);
	while (!side.lates)      /* and has a new time from there */
		ev_run(rig.loop, EVRUN_ONCE);
	cr_assert_eq(side.datas, 1);
}

static void write_now(struct ev_loop *loop, ev_timer *w, int events)
{
	(void)loop;
	(void)w;
	(void)events;
	cr_assert_eq(stream_write(&side.stream, "x", 1), 0);
}

Test(stream_deadlines, is_not_late_to_read_what_was_queued_in_this_turn)
{
	ev_timer earlier;

	ev_timer_init(&earlier, write_now, 0.01, 0.);
	ev_timer_start(rig.loop, &earlier);
	kind.idle.span = 0.02;
	deadline_set(&side.stream.deadline, &kind.idle);
	rig_block(0.05);         /* both are due in one turn */
	rig_turns(2);
	cr_assert_eq(side.lates, 0);
	peer_hears(&side, "x");
	while (!side.lates)      /* and has a new time from there */
		ev_run(rig.loop, EVRUN_ONCE);
}

Test(stream_deadlines, is_late_when_nothing_came_while_the_loop_was_blocked)
{
	kind.idle.span = 0.02;
	deadline_set(&side.stream.deadline, &kind.idle);
	rig_turn();
	rig_block(0.05);
	rig_turns(2);
	cr_assert_eq(side.lates, 1);
}
