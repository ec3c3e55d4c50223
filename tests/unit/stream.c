/* SPDX-License-Identifier: MIT */
/*
 * stream.c - the stream's promises, on socket pairs, a turn of the loop at a
 * time: what a protocol may rely on, whatever the peer does.  Here: what it
 * reads, and everything in any order.
 */
#include "stream_rig.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

STREAM_SUITE(stream);

/* ---- input ---- */

static size_t use_three(struct side *d, char *bytes, size_t len)
{
	(void)d;
	(void)bytes;
	return len < 3 ? 0 : 3;
}

Test(stream, unused_input_comes_back_in_front_of_what_arrives_next)
{
	side.on_data = use_three;
	peer_says(&side, "abcde");
	rig_turn();
	cr_assert_eq(buf_len(&side.stream.in), 2);
	peer_says(&side, "fg");
	rig_turn();
	cr_assert_eq(side.got_len, 4);
	cr_assert_eq(memcmp(side.got, "defg", 4), 0);
}

Test(stream, holds_no_buffer_when_idle)
{
	peer_says(&side, "hello");
	rig_turn();
	cr_assert_eq(side.datas, 1);
	cr_assert_null(side.stream.in.data);
	cr_assert_null(side.stream.out.data);
}

Test(stream, stops_reading_at_max_input)
{
	char block[8192] = {0};

	side.on_data = use_nothing;
	for (int i = 0; i < 4; i++) {
		(void)!write(side.peer, block, 1500);
		rig_turn();
	}
	cr_assert_leq(buf_len(&side.stream.in), 4096 + 1500);
	unsigned before = side.datas;
	peer_says(&side, "more");
	rig_turns(3);
	cr_assert_eq(side.datas, before, "data() called over max_input");
	cr_assert_not(ev_is_active(&side.stream.io));
}

Test(stream, paused_hears_nothing_and_resumed_hears_all)
{
	stream_pause(&side.stream);
	peer_says(&side, "abc");
	rig_turns(3);
	cr_assert_eq(side.datas, 0);
	stream_resume(&side.stream);
	rig_turns(2);
	cr_assert_eq(side.datas, 1);
	cr_assert_eq(memcmp(side.got, "abc", 3), 0);
}

static size_t pause_and_leave(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	stream_pause(&d->stream);
	return 0;
}

Test(stream, what_was_left_comes_again_on_resume_without_new_input)
{
	side.on_data = pause_and_leave;
	peer_says(&side, "abc");
	rig_turns(2);
	cr_assert_eq(side.datas, 1);
	side.on_data = NULL;
	stream_resume(&side.stream);
	rig_turn();
	cr_assert_eq(side.datas, 2);
	cr_assert_eq(memcmp(side.got, "abc", 3), 0);
}

static size_t retry_always(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	stream_retry(&d->stream);
	return len;
}

Test(stream, one_that_always_retries_does_not_hold_up_the_loop)
{
	side.on_data = retry_always;
	peer_says(&side, "x");
	rig_turns(10);
	cr_assert_leq(side.datas, 12);
	cr_assert_geq(side.datas, 9);
	side.on_data = NULL;
}

Test(stream, tells_the_peers_end_once)
{
	peer_says(&side, "bye");
	shutdown(side.peer, SHUT_WR);
	rig_turns(4);
	cr_assert_eq(side.datas, 1);
	cr_assert_eq(side.eofs, 1);
	cr_assert_eq(side.closeds, 0);
	cr_assert_eq(stream_write(&side.stream, "still here", 10), 0);
	rig_turn();
	peer_hears(&side, "still here");
}

/* ---- everything at once ---- */

Test(stream, survives_any_order_of_what_can_be_asked)
{
	unsigned seed = 42;

	for (int round = 0; round < 300; round++) {
		struct side *d = calloc(1, sizeof(*d));
		open_side(d);
		for (int step = 0; step < 20 && !d->closeds; step++) {
			seed = seed * 1103515245 + 12345;
			switch ((seed >> 16) % 11) {
			case 0: stream_write(&d->stream, "abc", 3); break;
			case 1: stream_pause(&d->stream); break;
			case 2: stream_resume(&d->stream); break;
			case 3: stream_retry(&d->stream); break;
			case 4: stream_tell_drained(&d->stream); break;
			case 5: if (seed & 0x100000) stream_close(&d->stream, seed & 0x200000); break;
			case 6: (void)!send(d->peer, "xyz", 3, MSG_NOSIGNAL); break;
			case 7: if (seed & 0x100000) shutdown(d->peer, SHUT_WR); break;
			case 8: rig_turn(); break;
			case 9: d->on_data = seed & 0x100000 ? use_three : NULL; break;
			case 10: if ((seed & 0x700000) == 0) stream_abort(&d->stream); break;
			}
		}
		if (!d->closeds)
			stream_abort(&d->stream);
		rig_turns(2);
		cr_assert_eq(d->closeds, 1);
		close(d->peer);
		free(d);
	}
}

/* ---- bugs that were ---- */

Test(stream, a_retry_while_paused_does_not_spin_and_is_not_forgotten)
{
	side.on_data = pause_and_leave;
	peer_says(&side, "abc");
	rig_turns(2);
	stream_retry(&side.stream);
	sleeps();
	cr_assert_eq(side.datas, 1);
	side.on_data = NULL;
	stream_resume(&side.stream);
	rig_turns(2);
	cr_assert_eq(side.datas, 2);
}

static size_t pause_then_resume(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	if (d->datas > 1)
		return len;
	stream_pause(&d->stream);
	stream_resume(&d->stream);
	return 1;
}

Test(stream, what_was_left_comes_again_after_a_resume_inside_data)
{
	side.on_data = pause_then_resume;
	peer_says(&side, "abc");
	rig_turns(2);
	cr_assert_eq(side.datas, 2);
	cr_assert_eq(side.got_len, 2);
	cr_assert_eq(memcmp(side.got, "bc", 2), 0);
	rig_turns(2);
	sleeps();
}

/* ---- a kind whose input is there when it is opened, mostly ---- */

static size_t end_unwatched(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	cr_assert(!ev_is_active(&d->stream.io));
	cr_assert_eq(stream_write(&d->stream, "answer", 6), 0);
	stream_close(&d->stream, true);
	return len;
}

Test(stream, prompt_input_is_read_and_answered_without_watching)
{
	kind.prompt = true;
	second.on_data = end_unwatched;
	open_side(&second);
	peer_says(&second, "question");
	rig_turns(1);
	cr_assert_eq(second.closeds, 1);
	peer_hears(&second, "answer");
	close(second.peer);
}

Test(stream, prompt_without_input_is_watched)
{
	kind.prompt = true;
	open_side(&second);
	rig_turns(1);
	cr_assert_eq(second.datas, 0);
	cr_assert(ev_is_active(&second.stream.io));
	sleeps();
	peer_says(&second, "late");
	rig_turns(1);
	cr_assert_eq(second.datas, 1);
	stream_abort(&second.stream);
	rig_turns(1);
	close(second.peer);
}

Test(stream, prompt_input_waits_for_who_pauses)
{
	kind.prompt = true;
	open_side(&second);
	stream_pause(&second.stream);
	peer_says(&second, "question");
	rig_turns(2);
	cr_assert_eq(second.datas, 0);
	sleeps();
	stream_resume(&second.stream);
	rig_turns(2);
	cr_assert_eq(second.datas, 1);
	stream_abort(&second.stream);
	rig_turns(1);
	close(second.peer);
}
