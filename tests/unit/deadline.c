/* SPDX-License-Identifier: MIT */
#include "net/deadline.h"

#include <criterion/criterion.h>
#include <time.h>

static struct ev_loop *loop;
static struct deadline *fired[16];
static unsigned fired_count;

static void note(struct deadline_queue *q, struct deadline *d)
{
	(void)q;
	fired[fired_count++] = d;
}

static void make_loop(void)
{
	loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
}

static void free_loop(void)
{
	ev_loop_destroy(loop);
}

TestSuite(deadline, .init = make_loop, .fini = free_loop, .timeout = 20);

Test(deadline, fires_in_the_order_in_which_they_were_set)
{
	struct deadline_queue q;
	struct deadline d[3] = {{0}};

	deadline_queue_init(&q, loop, 0.01, note);
	for (int i = 0; i < 3; i++)
		deadline_set(&d[i], &q);
	ev_run(loop, 0);
	cr_assert_eq(fired_count, 3);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(fired[i], &d[i]);
	deadline_queue_fini(&q);
}

Test(deadline, set_again_later_goes_behind_the_others)
{
	struct deadline_queue q;
	struct deadline d[2] = {{0}};

	deadline_queue_init(&q, loop, 0.01, note);
	deadline_set(&d[0], &q);
	deadline_set(&d[1], &q);
	while (d[0].due <= d[1].due)     /* until the clock has moved on: between the two above it may have, too */
		deadline_set(&d[0], &q);
	ev_run(loop, 0);
	cr_assert_eq(fired_count, 2);
	cr_assert_eq(fired[0], &d[1]);
	cr_assert_eq(fired[1], &d[0]);
	deadline_queue_fini(&q);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

Test(deadline, set_again_at_once_stays_where_it_is)
{
	struct deadline_queue q;
	struct deadline d[2] = {{0}};

	deadline_queue_init(&q, loop, 3600., note);
	deadline_set(&d[0], &q);
	deadline_set(&d[1], &q);
	deadline_set(&d[0], &q);
	cr_assert_eq(deadline_first(&q), &d[0]);
	deadline_clear(&d[0]);
	deadline_clear(&d[1]);
	deadline_queue_fini(&q);
}

Test(deadline, is_never_early_and_hardly_late)
{
	struct deadline_queue q;
	struct deadline d = {0};

	deadline_queue_init(&q, loop, 20., note);
	for (double end = now() + 0.1, before; (before = now()) < end;) {
		deadline_set(&d, &q);
		cr_assert_geq(d.due, before + 20.);
		cr_assert_leq(d.due, now() + 20. * (1. + DEADLINE_SLACK) + 1e-6);
	}
	q.span = 10.;
	deadline_set(&d, &q);
	cr_assert_leq(d.due, now() + 10. * (1. + DEADLINE_SLACK) + 1e-6);
	deadline_clear(&d);
	deadline_queue_fini(&q);
}

Test(deadline, cleared_never_fires)
{
	struct deadline_queue q;
	struct deadline d[2] = {{0}};

	deadline_queue_init(&q, loop, 0.01, note);
	deadline_set(&d[0], &q);
	deadline_set(&d[1], &q);
	deadline_clear(&d[0]);
	deadline_clear(&d[0]);
	ev_run(loop, 0);
	cr_assert_eq(fired_count, 1);
	cr_assert_eq(fired[0], &d[1]);
	deadline_queue_fini(&q);
}

Test(deadline, moves_between_queues)
{
	struct deadline_queue slow, fast;
	struct deadline d = {0};

	deadline_queue_init(&slow, loop, 3600., note);
	deadline_queue_init(&fast, loop, 0.01, note);
	deadline_set(&d, &slow);
	deadline_set(&d, &fast);
	cr_assert(deadline_queue_empty(&slow));
	while (fired_count == 0)
		ev_run(loop, EVRUN_ONCE);
	cr_assert_eq(fired[0], &d);
	deadline_queue_fini(&fast);
	deadline_queue_fini(&slow);
}

Test(deadline, without_a_span_is_only_a_list)
{
	struct deadline_queue q;
	struct deadline d = {0};

	deadline_queue_init(&q, loop, 0., note);
	deadline_set(&d, &q);
	ev_run(loop, 0);         /* nothing to wait for */
	cr_assert_eq(fired_count, 0);
	cr_assert_eq(deadline_first(&q), &d);
	deadline_clear(&d);
	deadline_queue_fini(&q);
}
