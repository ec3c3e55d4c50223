/* SPDX-License-Identifier: MIT */
/*
 * stream_turns.c - who sends much does so in turns and keeps nobody from a short answer.
 */
#include "stream_rig.h"

#include <criterion/criterion.h>
#include <unistd.h>

STREAM_SUITE(stream_turns);

enum { SIDES = 8 };

static struct side many[SIDES];

/* One refill takes all the time that a turn has for such. */
static void take_long(struct side *d)
{
	rig_block(HUB_TURN * 1e-9);
	cr_assert_eq(stream_write(&d->stream, "x", 1), 0);
	stream_tell_drained(&d->stream);
}

static void begin(struct side *d)
{
	d->on_drained = take_long;
	stream_tell_drained(&d->stream);
}

static void open_many(void)
{
	for (int i = 0; i < SIDES; i++) {
		open_side(&many[i]);
		begin(&many[i]);
	}
}

static void close_many(void)
{
	for (int i = 0; i < SIDES; i++) {
		stream_abort(&many[i].stream);
		close(many[i].peer);
	}
	rig_turns(2);
	for (int i = 0; i < SIDES; i++)
		cr_assert_eq(many[i].closeds, 1, "who waits can be closed");
}

static unsigned draineds(void)
{
	unsigned sum = 0;

	for (int i = 0; i < SIDES; i++)
		sum += many[i].draineds;
	return sum;
}

Test(stream_turns, many_that_refill_share_the_time_of_one)
{
	open_many();
	rig_turn();
	cr_assert_eq(draineds(), 1, "%u refills in one turn", draineds());
	close_many();
}

static void refill_once(struct side *d)
{
	take_long(d);
	d->stream.drain_told = true;
}

Test(stream_turns, everybody_has_a_turn)
{
	open_many();
	for (int i = 0; i < SIDES; i++)
		many[i].on_drained = refill_once;
	rig_turns(2 * SIDES);
	for (int i = 0; i < SIDES; i++)
		cr_assert_eq(many[i].draineds, 1, "side %d had %u turns", i, many[i].draineds);
	close_many();
}

Test(stream_turns, they_take_turns)
{
	open_many();
	rig_turns(4 * SIDES);
	unsigned least = many[0].draineds, most = least;
	for (int i = 1; i < SIDES; i++) {
		least = many[i].draineds < least ? many[i].draineds : least;
		most = many[i].draineds > most ? many[i].draineds : most;
	}
	cr_assert_gt(least, 1);
	cr_assert_leq(most, least + 1, "%u to %u refills", least, most);
	close_many();
}

static size_t answer(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	cr_assert_eq(stream_write(&d->stream, "short", 5), 0);
	return len;
}

Test(stream_turns, a_short_answer_does_not_wait)
{
	open_many();
	rig_turn();
	cr_assert_not_null(rig.hub.waiting.first, "nobody waits, this test shows nothing");
	side.on_data = answer;
	peer_says(&side, "?");
	rig_turn();
	peer_hears(&side, "short");
	close_many();
}

Test(stream_turns, who_waits_keeps_its_place)
{
	open_many();
	rig_turn();
	struct stream *first = rig.hub.waiting.first;
	stream_pause(first);
	stream_resume(first);
	cr_assert_eq(rig.hub.waiting.first, first);
	close_many();
}

Test(stream_turns, what_is_written_meanwhile_comes_in_order)
{
	open_many();
	rig_turn();
	struct side *d = (struct side *)rig.hub.waiting.last;
	d->on_drained = NULL;
	cr_assert_eq(stream_write(&d->stream, "one ", 4), 0);
	rig_turn();
	cr_assert_eq(stream_write(&d->stream, "two", 3), 0);
	rig_turns(2 * SIDES);
	peer_hears(d, "one two");
	close_many();
}

Test(stream_turns, nothing_is_left_to_do_when_all_have_had_theirs)
{
	open_many();
	for (int i = 0; i < SIDES; i++)
		many[i].on_drained = refill_once;
	rig_turns(2 * SIDES);
	sleeps();
	close_many();
}
