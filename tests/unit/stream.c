/* SPDX-License-Identifier: MIT */
/*
 * stream.c - the stream's promises, on socket pairs, a turn of the loop at a
 * time: what a protocol may rely on, whatever the peer does.
 */
#include "net/stream.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* One side is a stream with callbacks of its own, the other a bare socket. */
struct side {
	struct stream stream;
	int           peer;
	size_t      (*on_data)(struct side *, char *data, size_t len);
	void        (*on_drained)(struct side *);
	void        (*on_eof)(struct side *);
	char          got[256];
	size_t        got_len;
	unsigned      datas, eofs, draineds, lates, closeds;
	struct side  *other;
};

static struct ev_loop *loop;
static struct hub hub;
static struct stream_kind kind;
static struct side side, second;
static unsigned depth;           /* of callbacks: never over 1 */

static void enter(void)
{
	cr_assert_eq(depth++, 0, "callbacks nest");
}

static struct side *side_of(struct stream *s)
{
	return (struct side *)s;
}

static size_t data(struct stream *s, char *bytes, size_t len)
{
	struct side *d = side_of(s);
	size_t used = len;

	enter();
	d->datas++;
	d->got_len = len < sizeof(d->got) ? len : sizeof(d->got);
	memcpy(d->got, bytes, d->got_len);
	if (d->on_data)
		used = d->on_data(d, bytes, len);
	depth--;
	return used;
}

static void eof(struct stream *s)
{
	struct side *d = side_of(s);

	enter();
	d->eofs++;
	if (d->on_eof)
		d->on_eof(d);
	depth--;
}

static void drained(struct stream *s)
{
	struct side *d = side_of(s);

	enter();
	d->draineds++;
	if (d->on_drained)
		d->on_drained(d);
	depth--;
}

static void late(struct stream *s)
{
	enter();
	side_of(s)->lates++;
	depth--;
	stream_abort(s);
}

static void closed(struct stream *s)
{
	enter();
	side_of(s)->closeds++;
	depth--;
}

static const struct stream_ops ops = { data, eof, drained, late, closed };

static void open_side(struct side *d)
{
	int ends[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	d->peer = ends[1];
	stream_open(&d->stream, &kind, ends[0]);
}

static void set_up(void)
{
	loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	cr_assert_eq(hub_init(&hub, loop), 0);
	stream_kind_init(&kind, &hub, &ops, 0., 5.);
	kind.max_input = 4096;
	kind.high_water = 64 * 1024;
	kind.max_queue = 1024 * 1024;
	open_side(&side);
}

static void turn(void)
{
	ev_run(loop, EVRUN_NOWAIT);
}

static void turns(int n)
{
	while (n-- > 0)
		turn();
}

static void tear_down(void)
{
	if (!side.closeds)
		stream_abort(&side.stream);
	if (second.stream.kind && !second.closeds)
		stream_abort(&second.stream);
	turns(3);
	cr_assert_eq(side.closeds, 1, "closed() is called once");
	cr_assert_eq(hub.streams, 0);
	stream_kind_fini(&kind);
	hub_fini(&hub);
	ev_loop_destroy(loop);
	close(side.peer);
}

TestSuite(stream, .init = set_up, .fini = tear_down, .timeout = 30);

static void peer_says(struct side *d, const char *text)
{
	cr_assert_eq(write(d->peer, text, strlen(text)), (ssize_t)strlen(text));
}

static void peer_hears(struct side *d, const char *text)
{
	char got[256];
	ssize_t n = read(d->peer, got, sizeof(got));

	cr_assert_eq(n, (ssize_t)strlen(text), "%zd bytes, wanted '%s'", n, text);
	cr_assert_eq(memcmp(got, text, strlen(text)), 0);
}

static void peer_hears_nothing(struct side *d)
{
	char byte;

	cr_assert_eq(read(d->peer, &byte, 1), -1);
	cr_assert_eq(errno, EAGAIN);
}

static void peer_hears_the_end(struct side *d)
{
	char byte;

	cr_assert_eq(read(d->peer, &byte, 1), 0);
}

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
	turn();
	cr_assert_eq(buf_len(&side.stream.in), 2);
	peer_says(&side, "fg");
	turn();
	cr_assert_eq(side.got_len, 4);
	cr_assert_eq(memcmp(side.got, "defg", 4), 0);
}

Test(stream, holds_no_buffer_when_idle)
{
	peer_says(&side, "hello");
	turn();
	cr_assert_eq(side.datas, 1);
	cr_assert_null(side.stream.in.data);
	cr_assert_null(side.stream.out.data);
}

static size_t use_nothing(struct side *d, char *bytes, size_t len)
{
	(void)d;
	(void)bytes;
	(void)len;
	return 0;
}

Test(stream, stops_reading_at_max_input)
{
	char block[8192] = {0};

	side.on_data = use_nothing;
	for (int i = 0; i < 4; i++) {
		(void)!write(side.peer, block, 1500);
		turn();
	}
	cr_assert_leq(buf_len(&side.stream.in), 4096 + 1500);
	unsigned before = side.datas;
	peer_says(&side, "more");
	turns(3);
	cr_assert_eq(side.datas, before, "data() called over max_input");
	cr_assert_not(ev_is_active(&side.stream.io));
}

Test(stream, paused_hears_nothing_and_resumed_hears_all)
{
	stream_pause(&side.stream);
	peer_says(&side, "abc");
	turns(3);
	cr_assert_eq(side.datas, 0);
	stream_resume(&side.stream);
	turns(2);
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
	turns(2);
	cr_assert_eq(side.datas, 1);
	side.on_data = NULL;
	stream_resume(&side.stream);
	turn();
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
	turns(10);
	cr_assert_leq(side.datas, 12);
	cr_assert_geq(side.datas, 9);
	side.on_data = NULL;
}

Test(stream, tells_the_peers_end_once)
{
	peer_says(&side, "bye");
	shutdown(side.peer, SHUT_WR);
	turns(4);
	cr_assert_eq(side.datas, 1);
	cr_assert_eq(side.eofs, 1);
	cr_assert_eq(side.closeds, 0);
	cr_assert_eq(stream_write(&side.stream, "still here", 10), 0);
	turn();
	peer_hears(&side, "still here");
}

/* ---- output ---- */

static size_t answer_twice(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	cr_assert_eq(stream_write(&d->stream, "one ", 4), 0);
	cr_assert_eq(stream_write(&d->stream, "two", 3), 0);
	peer_hears_nothing(d);
	return len;
}

Test(stream, writes_are_sent_together_after_the_callback)
{
	side.on_data = answer_twice;
	peer_says(&side, "?");
	turn();
	peer_hears(&side, "one two");
}

Test(stream, a_write_from_outside_its_callback_is_sent_before_the_loop_sleeps)
{
	cr_assert_eq(stream_write(&side.stream, "hello", 5), 0);
	turn();
	peer_hears(&side, "hello");
	cr_assert_null(side.stream.out.data, "the block was not given back");
}

static size_t pass_on(struct side *d, char *bytes, size_t len)
{
	cr_assert_eq(stream_write(&d->other->stream, bytes, len), 0);
	return len;
}

Test(stream, a_write_to_another_stream_is_sent_in_the_same_or_next_turn)
{
	open_side(&second);
	side.on_data = pass_on;
	side.other = &second;
	peer_says(&side, "across");
	turns(2);
	peer_hears(&second, "across");
}

/* Fills the socket until it takes no more. */
static size_t clog_up(struct side *d)
{
	static char block[32 * 1024];
	size_t total = 0;

	while (!d->stream.blocked) {
		cr_assert_eq(stream_write(&d->stream, block, sizeof(block)), 0);
		total += sizeof(block);
		turn();
	}
	return total;
}

static size_t unclog(struct side *d)
{
	static char block[64 * 1024];
	size_t total = 0;
	ssize_t n;

	do {
		while ((n = read(d->peer, block, sizeof(block))) > 0)
			total += (size_t)n;
		turn();
	} while (stream_queued(&d->stream) > 0);
	while ((n = read(d->peer, block, sizeof(block))) > 0)
		total += (size_t)n;
	return total;
}

Test(stream, a_slow_reader_gets_every_byte)
{
	size_t sent = clog_up(&side);

	cr_assert_gt(stream_queued(&side.stream), 0);
	cr_assert_eq(unclog(&side), sent);
}

Test(stream, stops_reading_above_high_water_and_goes_on_below_half)
{
	static char block[70 * 1024];

	clog_up(&side);
	cr_assert_eq(stream_write(&side.stream, block, sizeof(block)), 0);
	turn();
	peer_says(&side, "hello");
	turns(3);
	cr_assert_eq(side.datas, 0, "reads from a peer that does not read");
	unclog(&side);
	turns(2);
	cr_assert_eq(side.datas, 1);
}

Test(stream, refuses_a_write_over_max_queue_and_queues_none_of_it)
{
	static char block[600 * 1024];

	clog_up(&side);
	cr_assert_eq(stream_write(&side.stream, block, sizeof(block)), 0);
	size_t queued = stream_queued(&side.stream);
	cr_assert_eq(stream_write(&side.stream, block, sizeof(block)), -1);
	cr_assert_eq(errno, ENOBUFS);
	cr_assert_eq(stream_queued(&side.stream), queued);
}

Test(stream, drained_is_told_once_when_it_was_asked_for)
{
	size_t sent = clog_up(&side);

	stream_tell_drained(&side.stream);
	turn();
	cr_assert_eq(side.draineds, 0);
	cr_assert_eq(unclog(&side), sent);
	turns(3);
	cr_assert_eq(side.draineds, 1);
}

static void write_more(struct side *d)
{
	cr_assert_eq(stream_write(&d->stream, "x", 1), 0);
	stream_tell_drained(&d->stream);
}

Test(stream, endless_refilling_does_not_hold_up_the_loop)
{
	side.on_drained = write_more;
	stream_tell_drained(&side.stream);
	turns(2);
	cr_assert_gt(side.draineds, 0);
	cr_assert_lt(side.draineds, 100);
	side.on_drained = NULL;
}

/* ---- the end ---- */

static size_t answer_and_close(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	cr_assert_eq(stream_write(&d->stream, "last words", 10), 0);
	stream_close(&d->stream, false);
	cr_assert_eq(stream_write(&d->stream, "too late", 8), -1);
	cr_assert_eq(errno, EPIPE);
	return len;
}

Test(stream, closing_sends_what_is_queued_then_waits_for_the_peers_end)
{
	side.on_data = answer_and_close;
	peer_says(&side, "?");
	turns(2);
	peer_hears(&side, "last words");
	peer_hears_the_end(&side);
	cr_assert_eq(side.closeds, 0, "does not linger");
	peer_says(&side, "thrown away");
	turns(2);
	cr_assert_eq(side.datas, 1, "data() after close");
	shutdown(side.peer, SHUT_WR);
	turns(2);
	cr_assert_eq(side.closeds, 1);
	cr_assert_eq(side.eofs, 0);
}

Test(stream, a_hasty_close_does_not_wait)
{
	stream_write(&side.stream, "bye", 3);
	stream_close(&side.stream, true);
	turns(2);
	cr_assert_eq(side.closeds, 1);
	peer_hears(&side, "bye");
	peer_hears_the_end(&side);
}

Test(stream, lingering_has_an_end)
{
	kind.linger.span = 0.01;
	stream_close(&side.stream, false);
	while (!side.closeds)
		ev_run(loop, EVRUN_ONCE);
}

static size_t abort_now(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	stream_write(&d->stream, "never sent", 10);
	stream_abort(&d->stream);
	return len;
}

Test(stream, abort_sends_nothing_more)
{
	side.on_data = abort_now;
	peer_says(&side, "?");
	turn();
	cr_assert_eq(side.closeds, 1);
	peer_hears_the_end(&side);
}

Test(stream, a_peer_that_is_gone_closes_it_once)
{
	close(side.peer);
	for (int i = 0; i < 5; i++) {
		stream_write(&side.stream, "into the void", 13);
		turns(2);
		if (side.closeds)
			break;
	}
	cr_assert_eq(side.closeds, 1);
}

static void abort_other(struct side *d)
{
	stream_abort(&d->other->stream);
}

Test(stream, may_be_aborted_from_anothers_callback)
{
	open_side(&second);
	side.on_eof = abort_other;
	side.other = &second;
	stream_write(&second.stream, "pending", 7);
	shutdown(side.peer, SHUT_WR);
	turns(3);
	cr_assert_eq(second.closeds, 1);
}

Test(stream, is_late_when_nothing_comes)
{
	kind.idle.span = 0.01;
	deadline_set(&side.stream.deadline, &kind.idle);
	while (!side.lates)
		ev_run(loop, EVRUN_ONCE);
	turn();
	cr_assert_eq(side.closeds, 1);
}

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
			case 8: turn(); break;
			case 9: d->on_data = seed & 0x100000 ? use_three : NULL; break;
			case 10: if ((seed & 0x700000) == 0) stream_abort(&d->stream); break;
			}
		}
		if (!d->closeds)
			stream_abort(&d->stream);
		turns(2);
		cr_assert_eq(d->closeds, 1);
		close(d->peer);
		free(d);
	}
}

/* ---- bugs that were ---- */

static bool passed;

static void on_passed(struct ev_loop *l, ev_timer *w, int events)
{
	(void)l;
	(void)w;
	(void)events;
	passed = true;
}

/* The loop has nothing to do but wait. */
static void sleeps(void)
{
	ev_timer timer;

	turns(2);
	cr_assert_not(ev_is_active(&hub.awake));
	passed = false;
	ev_timer_init(&timer, on_passed, 0.02, 0.);
	ev_timer_start(loop, &timer);
	unsigned before = ev_iteration(loop);
	while (!passed)
		ev_run(loop, EVRUN_ONCE);
	cr_assert_lt(ev_iteration(loop) - before, 10, "the loop spins");
}

static size_t close_and_retry(struct side *d, char *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	stream_close(&d->stream, false);
	stream_retry(&d->stream);
	return 0;
}

Test(stream, a_retry_while_lingering_does_not_spin)
{
	side.on_data = close_and_retry;
	peer_says(&side, "abc");
	turns(3);
	cr_assert_eq(side.datas, 1);
	cr_assert_eq(side.closeds, 0);
	sleeps();
	stream_retry(&side.stream);
	sleeps();
	cr_assert_eq(side.datas, 1);
}

Test(stream, a_retry_while_flushing_does_not_spin)
{
	side.on_data = use_nothing;
	peer_says(&side, "abc");
	turns(2);
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
		turn();
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

Test(stream, a_resume_while_closing_does_not_spin)
{
	side.on_data = close_and_resume;
	peer_says(&side, "abc");
	turns(3);
	sleeps();
	stream_pause(&side.stream);
	stream_resume(&side.stream);
	sleeps();
	cr_assert_eq(side.datas, 1);
}

Test(stream, a_retry_while_paused_does_not_spin_and_is_not_forgotten)
{
	side.on_data = pause_and_leave;
	peer_says(&side, "abc");
	turns(2);
	stream_retry(&side.stream);
	sleeps();
	cr_assert_eq(side.datas, 1);
	side.on_data = NULL;
	stream_resume(&side.stream);
	turns(2);
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
	turns(2);
	cr_assert_eq(side.datas, 2);
	cr_assert_eq(side.got_len, 2);
	cr_assert_eq(memcmp(side.got, "bc", 2), 0);
	turns(2);
	sleeps();
}

Test(stream, without_linger_a_close_is_a_close)
{
	kind.linger.span = 0.;
	stream_write(&side.stream, "bye", 3);
	stream_close(&side.stream, false);
	turns(2);
	cr_assert_eq(side.closeds, 1);
	peer_hears(&side, "bye");
	peer_hears_the_end(&side);
}

/* Longer than the span of any deadline here. */
static void block_the_loop(void)
{
	struct timespec from, t;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do
		clock_gettime(CLOCK_MONOTONIC, &t);
	while (t.tv_sec - from.tv_sec + (t.tv_nsec - from.tv_nsec) * 1e-9 < 0.05);
}

Test(stream, is_not_late_with_what_came_while_the_loop_was_blocked)
{
	kind.idle.span = 0.02;
	deadline_set(&side.stream.deadline, &kind.idle);
	turn();
	peer_says(&side, "in time");
	block_the_loop();
	turns(2);
	cr_assert_eq(side.lates, 0);
	cr_assert_eq(side.datas, 1);
	while (!side.lates)      /* and has a new time from there */
		ev_run(loop, EVRUN_ONCE);
	cr_assert_eq(side.datas, 1);
}

Test(stream, is_late_when_nothing_came_while_the_loop_was_blocked)
{
	kind.idle.span = 0.02;
	deadline_set(&side.stream.deadline, &kind.idle);
	turn();
	block_the_loop();
	turns(2);
	cr_assert_eq(side.lates, 1);
}
