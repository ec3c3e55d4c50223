/* SPDX-License-Identifier: MIT */
/* stall.c - a worker that does not turn: only who is in its hands waits for it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "blocked.h"
#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(stall);

enum { PORT = 8080, PER_SECOND = 500, STALL = 250, MARGIN = 50, BLOCKED = 2000, TRIES = 3 };

/* ---- how long clients wait: issue 4, "Done when", line 1 ---- */

struct watch {
	struct load load;
	unsigned    quiet;       /* the longest wait before, of this machine as it is: ms */
	unsigned    from;        /* the first client after that */
	unsigned    in_hand;     /* connections that the worker had when it was blocked */
};

static void watch_begin(struct watch *w)
{
	load_start(&w->load, PORT, PER_SECOND);
	load_await(&w->load, PER_SECOND);
	w->quiet = w->load.result->slowest;
	w->from = w->load.result->started;
}

/* One that is being taken out of the queue is not counted yet. */
static void watch_blocked(struct watch *w)
{
	w->in_hand = (unsigned)slot_number(1, "active") + 1;
}

static int longest_first(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return (x < y) - (x > y);
}

/* No more waited than it had in its hands.  A machine that is busy may keep the master waiting, too, and those behind
 * it: one of a few tries has to show it. */
static bool watch_end(struct watch *w)
{
	static unsigned waits[LOAD_WAITS];
	unsigned count = 0, late = 0, limit = STALL + MARGIN + w->quiet;

	slot_await(1, "serving");
	load_await(&w->load, PER_SECOND / 2);
	load_stop(&w->load);
	load_lost_nothing(w->load.result);
	for (unsigned i = w->from; i < w->load.result->started && i < LOAD_WAITS; i++)
		waits[count++] = w->load.result->waits[i];
	qsort(waits, count, sizeof(*waits), longest_first);
	while (late < count && waits[late] > limit)
		late++;
	cr_log_info("of %u clients %u waited longer than %u ms, in hand were %u; the longest %u ms, "
		"of the others %u ms; before %u ms", count, late, limit, w->in_hand, waits[0],
		waits[w->in_hand], w->quiet);
	return late <= w->in_hand;
}

static void one_try_shows_it(bool (*try)(struct server *), struct server *s)
{
	unsigned tries = 1;

	while (!try(s))
		cr_assert_lt(tries++, TRIES, "each time more waited than the worker had in its hands");
}

static bool try_with_a_stopped_worker(struct server *s)
{
	pid_t worker = status_worker(1);
	struct watch w;

	(void)s;
	watch_begin(&w);
	worker_stop(worker);
	double begin = seconds_now();
	watch_blocked(&w);
	let_pass(begin + BLOCKED / 1e3 - seconds_now());
	worker_continue(worker);
	return watch_end(&w);
}

static void watch_a_stopped_worker(struct server *s)
{
	one_try_shows_it(try_with_a_stopped_worker, s);
	cr_assert_geq(server_count(s, "has been blocked for"), 1);
	server_stop(s);
}

Test(stall, a_stopped_worker_keeps_only_those_waiting_that_it_has)
{
	watch_a_stopped_worker(blocked_start_as_nobody(2, ""));
}

/* Weights for an ordinary user, a program of the kernel's for root. */
Test(stall, a_stopped_worker_keeps_only_those_waiting_that_it_has_by_load)
{
	setenv("BALANCE", "load", 1);
	watch_a_stopped_worker(blocked_start_as_nobody(2, ""));
	watch_a_stopped_worker(blocked_start(2, ""));
}

static bool try_with_a_handler_that_blocks(struct server *s)
{
	int fd = connect_to(1);
	struct response r;
	struct watch w;

	watch_begin(&w);
	block_by(s, fd, "block", BLOCKED);
	watch_blocked(&w);
	cr_assert(client_response(fd, &r));
	close(fd);
	return watch_end(&w);
}

Test(stall, a_handler_that_blocks_keeps_only_those_waiting_that_its_worker_has)
{
	struct server *s = blocked_start_as_nobody(2, "");

	one_try_shows_it(try_with_a_handler_that_blocks, s);
	server_await(s, ", serving, in http_request() of handler web /: new clients go to its siblings");
	server_stop(s);
}

/* ---- away and back ---- */

static void assert_back(struct server *s, pid_t worker)
{
	slot_await(1, "serving");
	cr_assert_eq(status_worker(1), worker);
	cr_assert_geq(server_count(s, "worker 1 turns again after "), 1);
	sockets_await_own(2);
	clients_go_to_both();
}

Test(stall, a_worker_that_was_stopped_while_it_waited_has_its_share_again)
{
	struct server *s = blocked_start(2, "");
	pid_t worker = status_worker(1);
	char said[64];

	worker_stop(worker);
	clients_go_to(0, 40);
	slot_await(1, "stalled");
	stalls_await(1);
	snprintf(said, sizeof(said), "worker 1 (pid %d) has been blocked for ", (int)worker);
	server_await(s, said);
	clients_go_to(0, 40);
	worker_continue(worker);
	assert_back(s, worker);
	stalls_await(1);
	server_stop(s);
}

Test(stall, a_worker_that_was_stopped_in_a_turn_has_its_share_again)
{
	struct server *s = blocked_start(2, "");
	pid_t worker = status_worker(1);
	int fd = connect_to(1);
	struct response r;

	block_by(s, fd, "spin", 1000);
	worker_stop(worker);
	slot_await(1, "stalled");
	clients_go_to(0, 40);
	server_await(s, "serving, in http_request() of handler web /: new clients");
	worker_continue(worker);
	cr_assert(client_response(fd, &r));
	close(fd);
	assert_back(s, worker);
	server_stop(s);
}

/* It turns, if only now and then: each time is one stall, and it goes on. */
Test(stall, one_that_blocks_again_and_again_is_told_each_time)
{
	struct server *s = blocked_start(2, "");
	pid_t worker = status_worker(1);
	int fd = connect_to(1);
	struct response r;

	for (long long i = 1; i <= 3; i++) {
		block_by(s, fd, "block", 600);
		cr_assert(client_response(fd, &r));
		slot_await(1, "serving");
		server_await_count(s, "worker 1 turns again after ", (size_t)i);
		stalls_await(i);
	}
	close(fd);
	assert_back(s, worker);
	server_stop(s);
}

Test(stall, nobody_looks_when_it_is_off)
{
	struct server *s = blocked_start(2, "stall = 0");
	pid_t worker = status_worker(1);
	int fd = connect_to(1);
	struct response r;

	block_by(s, fd, "block", 1000);
	let_pass(.7);
	cr_assert(slot_is(1, "serving"));
	cr_assert_eq(status_lent(), 0);
	cr_assert(client_response(fd, &r));
	cr_assert_eq(status_number("stalls"), 0);
	cr_assert_eq(status_worker(1), worker);
	close(fd);
	server_stop(s);
}

/* Who has nothing to do may sleep. */
Test(stall, an_idle_worker_is_not_stalled)
{
	struct server *s = blocked_start(2, "stall = 100ms");
	pid_t worker = status_worker(1);

	worker_stop(worker);
	let_pass(.5);
	cr_assert_eq(status_number("stalls"), 0);
	worker_continue(worker);
	clients_go_to_both();
	cr_assert_eq(status_number("crashes"), 0);
	server_stop(s);
}

/* ---- stall_kill ---- */

static void assert_killed(struct server *s, pid_t worker)
{
	server_await(s, "and is ended");
	server_await(s, "ended by SIGABRT; where it was");
	server_await(s, "of signal 6 (Aborted), serving");
	server_await(s, "; it did not turn and was ended");
	cr_assert_neq(status_await_worker(0), worker);
	cr_assert_eq(status_number("crashes"), 1);
}

/* Those who wait in its queue are its successor's; the only worker, so nobody else's. */
Test(stall, past_stall_kill_it_is_ended_with_a_backtrace_and_replaced)
{
	enum { CLIENTS = 20 };
	struct server *s = blocked_start(1, "stall_kill = 800ms");
	pid_t worker = status_worker(0);
	int first = connect_to(0), fds[CLIENTS];
	struct response r;

	block_by(s, first, "block", 60000);
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(PORT);
		client_says(fds[i], "GET / HTTP/1.1\r\nHost: test\r\n\r\n");
	}
	assert_killed(s, worker);
	cr_assert(server_says(s, "block_here+0x"), "the backtrace does not name the function");
	cr_assert(server_says(s, " in block.so+0x"));
	cr_assert(server_says(s, "in http_request() of handler web /; it did not turn"));
	for (int i = 0; i < CLIENTS; i++) {
		cr_assert(client_response(fds[i], &r), "client %d has no answer", i);
		close(fds[i]);
	}
	client_expect_end(first, true);
	server_stop(s);
}

Test(stall, who_takes_the_place_of_one_that_was_ended_has_its_share)
{
	struct server *s = blocked_start(2, "stall_kill = 500ms");
	int fd = connect_to(1);

	block_by(s, fd, "block", 60000);
	server_await(s, "of signal 6 (Aborted), serving");
	slot_await(1, "serving");
	sockets_await_own(2);
	clients_go_to_both();
	client_expect_end(fd, true);
	server_stop(s);
}

Test(stall, a_stopped_one_is_ended_with_a_backtrace_too)
{
	struct server *s = blocked_start(1, "stall_kill = 800ms");
	pid_t worker = status_worker(0);

	worker_stop(worker);
	int fd = client_connect(PORT);
	struct response r;
	client_get(fd, "/", &r);
	assert_killed(s, worker);
	close(fd);
	server_stop(s);
}

/* A bug that was: leaving gave it all of drain once more. */
Test(stall, one_that_does_not_hear_its_end_is_killed_soon_though_it_leaves)
{
	struct server *s = blocked_start(2, "stall_kill = 500ms\ndrain = 10m");
	pid_t worker = status_worker(1);
	int fd = connect_to(1);
	char said[64];

	block_by(s, fd, "deaf", 600000);
	snprintf(said, sizeof(said), "worker 1 (pid %d) has been blocked for", (int)worker);
	server_await(s, "and is ended");
	cr_assert(server_says(s, said));
	server_signal(s, SIGHUP);
	server_await_generation(s, 2);
	server_await(s, "of signal 9 (Killed)");
	close(fd);
	server_stop(s);
}

Test(stall, without_stall_kill_it_may_take_for_ever)
{
	struct server *s = blocked_start(2, "stall = 20ms\nstall_kill = 0");
	pid_t worker = status_worker(1);
	int fd = connect_to(1);
	struct response r;

	block_by(s, fd, "block", 2500);
	slot_await(1, "stalled");
	cr_assert(client_response(fd, &r));
	cr_assert_eq(status_number("crashes"), 0);
	assert_back(s, worker);
	close(fd);
	server_stop(s);
}

/* ---- all of them ---- */

static void all_stop_and_go(unsigned workers)
{
	enum { CLIENTS = 40 };
	struct server *s = blocked_start(workers, "");
	pid_t pids[4];
	int fds[CLIENTS];
	struct response r;

	for (unsigned i = 0; i < workers; i++)
		worker_stop(pids[i] = status_worker(i));
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(PORT);
		client_says(fds[i], "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	}
	for (unsigned i = 0; i < workers; i++)
		slot_await(i, "stalled");
	int late = client_connect(PORT);
	client_says(late, "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	for (unsigned i = 0; i < workers; i++)
		worker_continue(pids[i]);
	for (int i = 0; i < CLIENTS; i++) {
		cr_assert(client_response(fds[i], &r), "client %d has no answer", i);
		close(fds[i]);
	}
	cr_assert(client_response(late, &r));
	close(late);
	for (unsigned i = 0; i < workers; i++)
		slot_await(i, "serving");
	sockets_await_own(workers);
	slots_await_all(PORT, workers);
	server_stop(s);
}

Test(stall, when_every_worker_stalls_clients_wait_and_none_is_refused)
{
	all_stop_and_go(3);
}

Test(stall, when_the_only_worker_stalls_clients_wait)
{
	all_stop_and_go(1);
}
