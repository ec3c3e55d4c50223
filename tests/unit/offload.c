/* SPDX-License-Identifier: MIT */
/* offload.c - proto/offload.c and sys/pool.c: work beside the loop, its end on the loop. */
#include "proto/offload.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"
#include "sys/page.h"
#include "sys/pool.h"

static struct offload offload;
static sem_t gate;               /* work of kind wait_at_gate() waits here */
static atomic_uint at_gate;
static pthread_t loop;
static bool told;                /* a done() was called */
static int nested;               /* errno of portico_offload() in work() */

static void set_up(void)
{
	rig_up();
	sem_init(&gate, 0, 0);
	loop = pthread_self();
	rig.handler.offload = &offload;
}

static void tear_down(void)
{
	cr_assert(offload_fini(&offload), "work is left");
	rig_down();
	sem_destroy(&gate);
}

TestSuite(offload, .init = set_up, .fini = tear_down, .timeout = 60);

static void open_with(unsigned threads, unsigned queue)
{
	offload_init(&offload, rig.loop, rig.handler.page, threads, queue);
}

static void do_nothing(void *arg)
{
	(void)arg;
}

static void wait_at_gate(void *arg)
{
	(void)arg;
	atomic_fetch_add(&at_gate, 1);
	while (sem_wait(&gate) < 0)
		;
}

static void tell_end(struct portico_service *h, void *arg, int error)
{
	rig_enter();
	cr_assert_eq(h, &rig.handler);
	cr_assert(pthread_equal(pthread_self(), loop), "done() is not on the loop");
	rig_tell("%s%s", (const char *)arg, error == ECANCELED ? "!" : error ? "?" : "");
	told = true;
	rig_leave();
}

static int give(void (*work)(void *arg), const char *name)
{
	return portico_offload(&rig.handler, work, tell_end, (void *)name);
}

static void open_gate(unsigned times)
{
	while (times-- > 0)
		sem_post(&gate);
}

static void await_at_gate(unsigned count)
{
	while (atomic_load(&at_gate) < count)
		sched_yield();
}

static void await_end(void)
{
	told = false;
	rig_until(&told);
}

static void await_all(void)
{
	while (!offload_is_done(&offload))
		ev_run(rig.loop, EVRUN_ONCE);
}

/* The only thread is at the gate with "a"; "b" and "c" wait. */
static void open_with_two_that_wait(unsigned queue)
{
	open_with(1, queue);
	cr_assert_eq(give(wait_at_gate, "a"), 0);
	await_at_gate(1);
	cr_assert_eq(give(do_nothing, "b"), 0);
	cr_assert_eq(give(do_nothing, "c"), 0);
}

static void assert_told(uint32_t busy, uint32_t queued)
{
	const struct page_offload *o = &rig.handler.page->offload;

	cr_assert_eq(o->busy, busy, "%u are busy", o->busy);
	cr_assert_eq(o->queued, queued, "%u are queued", o->queued);
	cr_assert_eq(o->since > 0, busy > 0);
}

Test(offload, done_comes_on_the_loop_after_the_work)
{
	open_with(4, 10);
	cr_assert_eq(give(do_nothing, "a"), 0);
	rig_told("");
	await_end();
	rig_told("a");
	assert_told(0, 0);
	rig_sleeps();
}

Test(offload, one_thread_works_in_order)
{
	open_with(1, 10);
	cr_assert_eq(give(wait_at_gate, "a"), 0);
	cr_assert_eq(give(do_nothing, "b"), 0);
	cr_assert_eq(give(do_nothing, "c"), 0);
	open_gate(1);
	await_all();
	rig_told("a b c");
}

Test(offload, done_comes_in_the_order_of_the_ends)
{
	open_with(2, 10);
	cr_assert_eq(give(wait_at_gate, "slow"), 0);
	await_at_gate(1);
	cr_assert_eq(give(do_nothing, "quick"), 0);
	await_end();
	rig_told("quick");
	assert_told(1, 0);
	open_gate(1);
	await_end();
	rig_told("slow");
}

Test(offload, as_many_at_a_time_as_there_are_threads)
{
	open_with(3, 10);
	for (unsigned i = 0; i < 5; i++)
		cr_assert_eq(give(wait_at_gate, "x"), 0);
	await_at_gate(3);
	assert_told(3, 2);
	open_gate(5);
	await_all();
	rig_told("x x x x x");
}

Test(offload, a_full_queue_is_refused)
{
	open_with_two_that_wait(2);
	cr_assert_eq(give(do_nothing, "d"), -1);
	cr_assert_eq(errno, EAGAIN);
	open_gate(1);
	await_all();
	rig_told("a b c");
	cr_assert_eq(give(do_nothing, "e"), 0, "it stays full");
	await_end();
	rig_told("e");
}

Test(offload, who_finds_a_thread_idle_does_not_fill_the_queue)
{
	open_with(3, 1);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(give(wait_at_gate, "x"), 0, "number %u is refused", i);
	cr_assert_eq(give(wait_at_gate, "y"), -1);
	cr_assert_eq(errno, EAGAIN);
	open_gate(4);
	await_all();
	rig_told("x x x x");
}

Test(offload, what_has_not_begun_is_cancelled_in_order_when_the_time_is_up)
{
	open_with_two_that_wait(10);
	cr_assert(!offload_is_done(&offload));
	offload_give_up(&offload);
	cr_assert(!offload_is_done(&offload), "two are not told yet");
	cr_assert_eq(give(do_nothing, "d"), -1);
	cr_assert_eq(errno, ECANCELED);
	rig_told("");
	await_end();
	rig_told("b! c!");
	cr_assert(offload_is_done(&offload), "it waits for work that may never return");
	open_gate(1);
	await_end();
	rig_told("a");
}

Test(offload, the_end_cancels_what_waits_and_leaves_what_never_returns)
{
	open_with(1, 10);
	cr_assert_eq(give(wait_at_gate, "a"), 0);
	await_at_gate(1);
	cr_assert_eq(give(do_nothing, "b"), 0);
	cr_assert(!offload_fini(&offload), "memory that it uses would be freed");
	rig_told("b!");
	open_gate(1);
	while (pool_busy(offload.pool) > 0)
		sched_yield();
	cr_assert(offload_fini(&offload));
	rig_told("a");
}

static void offload_again(void *arg)
{
	(void)arg;
	nested = give(do_nothing, "never") == 0 ? 0 : errno;
}

Test(offload, work_may_not_offload)
{
	open_with(2, 10);
	cr_assert_eq(give(offload_again, "a"), 0);
	await_end();
	rig_told("a");
	cr_assert_eq(nested, EPERM);
}

static void again(struct portico_service *h, void *arg, int error)
{
	unsigned *left = arg;

	cr_assert_eq(error, 0);
	if (--*left > 0)
		cr_assert_eq(portico_offload(h, do_nothing, again, arg), 0);
	told = *left == 0;
}

Test(offload, done_may_offload_more)
{
	unsigned left = 1000;

	open_with(2, 1);
	cr_assert_eq(portico_offload(&rig.handler, do_nothing, again, &left), 0);
	rig_until(&told);
	cr_assert_eq(left, 0);
}

Test(offload, nonsense_is_refused)
{
	cr_assert_eq(give(do_nothing, "before start()"), -1);
	cr_assert_eq(errno, EINVAL);
	open_with(1, 1);
	cr_assert_eq(give(NULL, "no work"), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(portico_offload(&rig.handler, do_nothing, NULL, NULL), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert(offload_is_done(&offload));
}

static void look_at_thread(void *arg)
{
	sigset_t *blocked = arg;

	pthread_sigmask(SIG_SETMASK, NULL, blocked);
	told = strcmp(offload_here(), "test") == 0;
}

static void ignore_end(struct portico_service *h, void *arg, int error)
{
	(void)h;
	(void)arg;
	(void)error;
}

Test(offload, threads_know_whose_work_it_is_and_take_no_signal_but_their_own_faults)
{
	sigset_t blocked;

	open_with(1, 1);
	cr_assert_null(offload_here());
	cr_assert_eq(portico_offload(&rig.handler, look_at_thread, ignore_end, &blocked), 0);
	await_all();
	cr_assert(told);
	cr_assert(sigismember(&blocked, SIGTERM) && sigismember(&blocked, SIGABRT)
		&& sigismember(&blocked, SIGALRM));
	cr_assert(!sigismember(&blocked, SIGSEGV) && !sigismember(&blocked, SIGFPE));
}
