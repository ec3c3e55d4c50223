/* SPDX-License-Identifier: MIT */
/*
 * stream_deadlines.c - when a stream is late, and when it only looks so.
 */
#include "stream_rig.h"

#include <criterion/criterion.h>

#include "base/clock.h"

STREAM_SUITE(stream_deadlines);

Test(stream_deadlines, is_late_when_nothing_comes)
{
	kind.idle.span = 0.01;
	deadline_set(&side.stream.deadline, &kind.idle);
	while (!side.lates)
		rig_wait();
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
		rig_wait();
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
		rig_wait();
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

/* Its time was to begin anew when it was settled, which for one that lingers it never is. */
Test(stream_deadlines, lingering_has_an_end_after_a_renewal_too)
{
	kind.linger.span = 0.01;
	stream_renew(&side.stream);
	stream_close(&side.stream, false);
	rig_turn();
	cr_assert_eq(side.closeds, 0, "it does not linger, this test shows nothing");
	stream_renew(&side.stream);
	while (!side.closeds)
		rig_wait();
}

Test(stream_deadlines, has_all_of_its_time_again_after_bytes_and_after_a_renewal)
{
	kind.idle.span = 0.2;
	deadline_set(&side.stream.deadline, &kind.idle);
	double first = side.stream.deadline.due;
	rig_block(0.03);
	peer_says(&side, "in");
	rig_turn();
	cr_assert_gt(side.stream.deadline.due, first + 0.01);
	double second_due = side.stream.deadline.due;
	rig_block(0.03);
	cr_assert_eq(stream_write(&side.stream, "out", 3), 0);
	rig_turn();
	cr_assert_gt(side.stream.deadline.due, second_due + 0.01);
	double third = side.stream.deadline.due;
	rig_block(0.03);
	stream_renew(&side.stream);
	rig_turn();
	cr_assert_gt(side.stream.deadline.due, third + 0.01);
}

static size_t look(struct side *d, char *bytes, size_t len)
{
	(void)d;
	(void)bytes;
	hub_look(&rig.hub);      /* as protocols do, for how long an answer took */
	return len;
}

Test(stream_deadlines, has_all_of_its_time_from_now_on_and_not_from_when_the_clock_was_last_read)
{
	side.on_data = look;
	kind.idle.span = 1.;
	deadline_set(&side.stream.deadline, &kind.idle);
	peer_says(&side, "in");
	rig_turn();
	rig_block(0.5);
	cr_assert_eq(stream_write(&side.stream, "out", 3), 0);
	rig_turn();
	cr_assert_geq(side.stream.deadline.due, (double)clock_ns() * 1e-9 + 0.99);
}
