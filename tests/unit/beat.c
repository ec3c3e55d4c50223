/* SPDX-License-Identifier: MIT */
/* beat.c - net/beat.c: a turn begins after the wait and ends before the next one. */
#include "net/beat.h"

#include <criterion/criterion.h>
#include <unistd.h>

#include "base/clock.h"

/* What is counted is by a tick, which may be wrong by a hundredth. */
enum { BUSY_NS = 20000000, NEARLY_BUSY = BUSY_NS / 10 * 9 };

static struct ev_loop *loop;
static struct hub hub;
static struct page *page;
static int page_fd;
static struct beat beat;
static _Atomic uint64_t mirror;
static uint64_t turn_seen, mirror_seen;

static void set_up(void)
{
	loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	page = page_create(1, &page_fd);
	cr_assert(loop && page);
	cr_assert_eq(hub_init(&hub, loop), 0);
	beat_start(&beat, &hub, page);
	beat_mirror(&beat, &mirror);
}

static void tear_down(void)
{
	beat_stop(&beat);
	hub_fini(&hub);
	ev_loop_destroy(loop);
	page_destroy(page, 1);
	close(page_fd);
}

TestSuite(beat, .init = set_up, .fini = tear_down, .timeout = 20);

static void on_timer(struct ev_loop *l, ev_timer *t, int events)
{
	uint64_t until = clock_ns() + BUSY_NS;

	(void)l;
	(void)t;
	(void)events;
	turn_seen = page->turn;
	mirror_seen = mirror;
	while (clock_ns() < until)
		;
}

/* Turns of the loop until the timer has fired. */
static void run_timer(double after)
{
	ev_timer t;

	ev_now_update(loop);     /* or it counts from when the loop was made */
	ev_timer_init(&t, on_timer, after, 0.);
	ev_timer_start(loop, &t);
	ev_run(loop, 0);
}

static void on_idle(struct ev_loop *l, ev_timer *t, int events)
{
	(void)events;
	(void)t;
	ev_break(l, EVBREAK_ALL);
}

/* The loop has come to wait once more. */
static void come_to_rest(void)
{
	ev_timer t;

	ev_now_update(loop);
	ev_timer_init(&t, on_idle, 0.01, 0.);
	ev_timer_start(loop, &t);
	ev_run(loop, 0);
}

Test(beat, alone_is_no_reason_to_go_on)
{
	ev_run(loop, 0);
}

Test(beat, a_callback_sees_when_its_turn_began)
{
	uint64_t before = clock_ns();

	run_timer(.02);
	cr_assert_geq(turn_seen, before + 10000000);
	cr_assert_leq(turn_seen, clock_ns() - BUSY_NS);
	cr_assert_eq(turn_seen, mirror_seen);
	cr_assert_eq(hub.woke, turn_seen);
}

static int waits_turn = -1;

/* What it was while the loop waited. */
static void on_check(struct ev_loop *l, ev_check *c, int events)
{
	(void)l;
	(void)c;
	(void)events;
	if (waits_turn < 0)
		waits_turn = page->turn != 0 || mirror != 0;
}

Test(beat, while_the_loop_waits_there_is_no_turn)
{
	ev_check c;

	ev_check_init(&c, on_check);
	ev_set_priority(&c, EV_MAXPRI);
	ev_check_start(loop, &c);        /* libev calls the last one of a priority first */
	ev_unref(loop);
	page->turn = 1;
	mirror = 1;
	run_timer(.01);
	ev_ref(loop);
	ev_check_stop(loop, &c);
	cr_assert_eq(waits_turn, 0);
}

Test(beat, turns_and_what_they_cost_are_counted)
{
	uint64_t before = clock_ns();

	run_timer(0.);
	come_to_rest();
	uint64_t turns = page->turns, busy = page->busy, passed = clock_ns() - before;
	cr_assert_geq(turns, 1);
	cr_assert_geq(busy, NEARLY_BUSY);
	cr_assert_leq(busy, passed + passed / 10, "%llu of %llu", (unsigned long long)busy,
		(unsigned long long)passed);
	run_timer(0.);
	come_to_rest();
	cr_assert_gt(page->turns, turns);
	cr_assert_geq(page->busy, busy + NEARLY_BUSY);
}

/* Waiting is no work.  The least of ten: in a turn the processor may be somebody else's for a while. */
Test(beat, a_wait_costs_nothing)
{
	uint64_t least = UINT64_MAX;

	come_to_rest();          /* what a turn cost is counted when the next one waits */
	for (int i = 0; i < 10; i++) {
		uint64_t before = page->busy;
		come_to_rest();
		if (page->busy - before < least)
			least = page->busy - before;
	}
	cr_assert_lt(least, 5000000);
}

Test(beat, who_leaves_its_mirrors_does_not_write_there_any_more)
{
	beat_leave_mirrors(&beat);
	mirror = 7;
	come_to_rest();
	cr_assert_eq(mirror, 7);
}

static uint64_t mirror_left;

static void on_leave(struct ev_loop *l, ev_timer *t, int events)
{
	(void)l;
	(void)events;
	if (t->data)
		mirror = 7;      /* its owner from now on is in a turn already */
	beat_leave_mirrors(&beat);
	mirror_left = mirror;
}

static void leave_in_a_turn(void *others)
{
	ev_timer t;

	ev_timer_init(&t, on_leave, 0., 0.);
	t.data = others;
	ev_timer_start(loop, &t);
	ev_run(loop, 0);
}

/* Or a worker that retires would leave a turn without an end to the one that comes after it. */
Test(beat, who_leaves_them_leaves_no_turn_there)
{
	leave_in_a_turn(NULL);
	cr_assert_eq(mirror_left, 0);
}

Test(beat, who_leaves_them_leaves_the_turn_of_somebody_else)
{
	leave_in_a_turn(&mirror);
	cr_assert_eq(mirror_left, 7);
}
