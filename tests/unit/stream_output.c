/* SPDX-License-Identifier: MIT */
/*
 * stream_output.c - what is written: sent together, bounded, drained.
 */
#include "stream_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <unistd.h>

STREAM_SUITE(stream_output);

static size_t answer_twice(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	cr_assert_eq(stream_write(&d->stream, "one ", 4), 0);
	cr_assert_eq(stream_write(&d->stream, "two", 3), 0);
	peer_hears_nothing(d);
	return len;
}

Test(stream_output, writes_are_sent_together_after_the_callback)
{
	side.on_data = answer_twice;
	peer_says(&side, "?");
	rig_turn();
	peer_hears(&side, "one two");
}

Test(stream_output, a_write_from_outside_its_callback_is_sent_before_the_loop_sleeps)
{
	cr_assert_eq(stream_write(&side.stream, "hello", 5), 0);
	rig_turn();
	peer_hears(&side, "hello");
	cr_assert_null(side.stream.out.data, "the block was not given back");
}

static size_t pass_on(struct side *d, char *bytes, size_t len)
{
	cr_assert_eq(stream_write(&d->other->stream, bytes, len), 0);
	return len;
}

Test(stream_output, a_write_to_another_stream_is_sent_in_the_same_or_next_turn)
{
	open_side(&second);
	side.on_data = pass_on;
	side.other = &second;
	peer_says(&side, "across");
	rig_turns(2);
	peer_hears(&second, "across");
}

static size_t unclog(struct side *d)
{
	static char block[64 * 1024];
	size_t total = 0;
	ssize_t n;

	do {
		while ((n = read(d->peer, block, sizeof(block))) > 0)
			total += (size_t)n;
		rig_turn();
	} while (stream_queued(&d->stream) > 0);
	while ((n = read(d->peer, block, sizeof(block))) > 0)
		total += (size_t)n;
	return total;
}

Test(stream_output, a_slow_reader_gets_every_byte)
{
	size_t sent = clog_up(&side);

	cr_assert_gt(stream_queued(&side.stream), 0);
	cr_assert_eq(unclog(&side), sent);
}

Test(stream_output, stops_reading_above_high_water_and_goes_on_below_half)
{
	static char block[70 * 1024];

	clog_up(&side);
	cr_assert_eq(stream_write(&side.stream, block, sizeof(block)), 0);
	rig_turn();
	peer_says(&side, "hello");
	rig_turns(3);
	cr_assert_eq(side.datas, 0, "reads from a peer that does not read");
	unclog(&side);
	rig_turns(2);
	cr_assert_eq(side.datas, 1);
}

Test(stream_output, refuses_a_write_over_max_queue_and_queues_none_of_it)
{
	static char block[600 * 1024];

	clog_up(&side);
	cr_assert_eq(stream_write(&side.stream, block, sizeof(block)), 0);
	size_t queued = stream_queued(&side.stream);
	cr_assert_eq(stream_write(&side.stream, block, sizeof(block)), -1);
	cr_assert_eq(errno, ENOBUFS);
	cr_assert_eq(stream_queued(&side.stream), queued);
}

Test(stream_output, drained_is_told_once_when_it_was_asked_for)
{
	size_t sent = clog_up(&side);

	stream_tell_drained(&side.stream);
	rig_turn();
	cr_assert_eq(side.draineds, 0);
	cr_assert_eq(unclog(&side), sent);
	rig_turns(3);
	cr_assert_eq(side.draineds, 1);
}

static void write_more(struct side *d)
{
	cr_assert_eq(stream_write(&d->stream, "x", 1), 0);
	stream_tell_drained(&d->stream);
}

Test(stream_output, endless_refilling_does_not_hold_up_the_loop)
{
	side.on_drained = write_more;
	stream_tell_drained(&side.stream);
	rig_turns(2);
	cr_assert_gt(side.draineds, 0);
	cr_assert_lt(side.draineds, 100);
	side.on_drained = NULL;
}
