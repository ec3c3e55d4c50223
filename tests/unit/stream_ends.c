/* SPDX-License-Identifier: MIT */
/*
 * stream_ends.c - how a stream ends: closed, aborted, left by its peer.
 */
#include "stream_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

STREAM_SUITE(stream_ends);

static size_t answer_and_close(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	cr_assert_eq(stream_write(&d->stream, "last words", 10), 0);
	stream_close(&d->stream, false);
	cr_assert_eq(stream_write(&d->stream, "too late", 8), -1);
	cr_assert_eq(errno, EPIPE);
	return len;
}

Test(stream_ends, closing_sends_what_is_queued_then_waits_for_the_peers_end)
{
	side.on_data = answer_and_close;
	peer_says(&side, "?");
	rig_turns(2);
	peer_hears(&side, "last words");
	peer_hears_the_end(&side);
	cr_assert_eq(side.closeds, 0, "does not linger");
	peer_says(&side, "thrown away");
	rig_turns(2);
	cr_assert_eq(side.datas, 1, "data() after close");
	shutdown(side.peer, SHUT_WR);
	rig_turns(2);
	cr_assert_eq(side.closeds, 1);
	cr_assert_eq(side.eofs, 0);
}

Test(stream_ends, a_hasty_close_does_not_wait)
{
	stream_write(&side.stream, "bye", 3);
	stream_close(&side.stream, true);
	rig_turns(2);
	cr_assert_eq(side.closeds, 1);
	peer_hears(&side, "bye");
	peer_hears_the_end(&side);
}

Test(stream_ends, lingering_has_an_end)
{
	kind.linger.span = 0.01;
	stream_close(&side.stream, false);
	while (!side.closeds)
		rig_wait();
}

static size_t abort_now(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	stream_write(&d->stream, "never sent", 10);
	stream_abort(&d->stream);
	return len;
}

Test(stream_ends, abort_sends_nothing_more)
{
	side.on_data = abort_now;
	peer_says(&side, "?");
	rig_turn();
	cr_assert_eq(side.closeds, 1);
	peer_hears_the_end(&side);
}

Test(stream_ends, a_peer_that_is_gone_closes_it_once)
{
	close(side.peer);
	for (int i = 0; i < 5; i++) {
		stream_write(&side.stream, "into the void", 13);
		rig_turns(2);
		if (side.closeds)
			break;
	}
	cr_assert_eq(side.closeds, 1);
}

static void abort_other(struct side *d)
{
	stream_abort(&d->other->stream);
}

Test(stream_ends, may_be_aborted_from_anothers_callback)
{
	open_side(&second);
	side.on_eof = abort_other;
	side.other = &second;
	stream_write(&second.stream, "pending", 7);
	shutdown(side.peer, SHUT_WR);
	rig_turns(3);
	cr_assert_eq(second.closeds, 1);
}

/* ---- bugs that were ---- */

static size_t close_and_retry(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	stream_close(&d->stream, false);
	stream_retry(&d->stream);
	return 0;
}

Test(stream_ends, a_retry_while_lingering_does_not_spin)
{
	side.on_data = close_and_retry;
	peer_says(&side, "abc");
	rig_turns(3);
	cr_assert_eq(side.datas, 1);
	cr_assert_eq(side.closeds, 0);
	sleeps();
	stream_retry(&side.stream);
	sleeps();
	cr_assert_eq(side.datas, 1);
}

Test(stream_ends, a_retry_while_flushing_does_not_spin)
{
	side.on_data = use_nothing;
	peer_says(&side, "abc");
	rig_turns(2);
	size_t sent = clog_up(&side);
	stream_close(&side.stream, true);
	stream_retry(&side.stream);
	sleeps();
	cr_assert_eq(side.datas, 1);
	cr_assert_eq(side.closeds, 0);
	size_t got = 0;
	static char block[64 * 1024];
	while (!side.closeds) {
		ssize_t n;
		while ((n = read(side.peer, block, sizeof(block))) > 0)
			got += (size_t)n;
		rig_turn();
	}
	for (ssize_t n; (n = read(side.peer, block, sizeof(block))) > 0;)
		got += (size_t)n;
	cr_assert_eq(got, sent);
}

static size_t close_and_resume(struct side *d, char *bytes, size_t len)
{
	stream_pause(&d->stream);
	stream_resume(&d->stream);
	return close_and_retry(d, bytes, len);
}

Test(stream_ends, a_resume_while_closing_does_not_spin)
{
	side.on_data = close_and_resume;
	peer_says(&side, "abc");
	rig_turns(3);
	sleeps();
	stream_pause(&side.stream);
	stream_resume(&side.stream);
	sleeps();
	cr_assert_eq(side.datas, 1);
}

Test(stream_ends, without_linger_a_close_is_a_close)
{
	kind.linger.span = 0.;
	stream_write(&side.stream, "bye", 3);
	stream_close(&side.stream, false);
	rig_turns(2);
	cr_assert_eq(side.closeds, 1);
	peer_hears(&side, "bye");
	peer_hears_the_end(&side);
}

Test(stream_ends, our_end_waits_for_what_is_queued_and_leaves_the_other_half_open)
{
	size_t clogged = clog_up(&side);

	cr_assert_gt(clogged, 0);
	stream_end(&side.stream);
	rig_turns(2);
	cr_assert_eq(stream_write(&side.stream, "x", 1), -1);
	cr_assert_eq(errno, EPIPE);
	char block[65536];
	ssize_t n;
	size_t heard = 0;
	while ((n = recv(side.peer, block, sizeof(block), MSG_DONTWAIT)) != 0) {
		heard += n > 0 ? (size_t)n : 0;
		rig_turn();
	}
	cr_assert_geq(heard, clogged);
	peer_says(&side, "more");
	rig_turns(2);
	cr_assert_eq(side.datas, 1);
	cr_assert_eq(side.closeds, 0);
	shutdown(side.peer, SHUT_WR);
	rig_turns(2);
	cr_assert_eq(side.closeds, 1);
}
