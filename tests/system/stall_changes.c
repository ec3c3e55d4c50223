/* SPDX-License-Identifier: MIT */
/* stall_changes.c - a worker that does not turn, while something else happens. */
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "blocked.h"
#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(stall_changes);

enum { PORT = 8080, PER_SECOND = 300 };

/* Stops the worker of slot; a client in its queue shows it to the master. */
static pid_t stall(unsigned slot)
{
	pid_t worker = status_await_worker(slot);
	struct load l;

	load_start(&l, PORT, PER_SECOND);
	worker_stop(worker);
	slot_await(slot, "stalled");
	atomic_store(&l.result->stop, 1);
	return worker;
}

/* The one that borrows from a slot is the next one that serves. */
Test(stall_changes, what_a_stalled_borrower_has_goes_to_another_one)
{
	struct server *s = blocked_start(3, "");
	pid_t one = stall(1), two = stall(2);

	clients_go_to(0, 60);
	cr_assert_eq(status_lent(), 2);
	worker_continue(two);
	slot_await(2, "serving");
	status_await_lent(1);
	worker_continue(one);
	slot_await(1, "serving");
	sockets_await_own(3);
	slots_await_all(PORT, 3);
	server_stop(s);
}

Test(stall_changes, a_stalled_worker_that_dies_is_replaced)
{
	struct server *s = blocked_start(2, "");
	pid_t worker = stall(1);

	cr_assert_eq(kill(worker, SIGKILL), 0);
	status_await_worker(1);
	slot_await(1, "serving");
	sockets_await_own(2);
	clients_go_to_both();
	server_stop(s);
}

Test(stall_changes, after_a_reload_the_successor_serves_at_once)
{
	struct server *s = blocked_start(2, "");
	pid_t worker = stall(1);
	struct outcome o;

	verb_succeeds(&o, "reload", NULL);
	slot_await(1, "serving");
	clients_go_to_both();
	cr_assert_neq(status_worker(1), worker);
	server_await_workers(s, 3);
	worker_continue(worker);
	server_await_workers(s, 2);
	sockets_await_own(2);
	server_stop(s);
}

/* Nobody looks any more, and nobody would notice that it turns again. */
Test(stall_changes, after_a_reload_without_stall_the_successor_serves_at_once)
{
	struct server *s = blocked_start(2, "");
	pid_t worker = stall(1);
	struct outcome o;

	write_file("portico.ini", "[portico]\nworkers = 2\nstall = 0\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ./block.so\n");
	verb_succeeds(&o, "reload", NULL);
	cr_assert(slot_is(1, "serving"));
	clients_go_to_both();
	worker_continue(worker);
	server_await_workers(s, 2);
	server_stop(s);
}

Test(stall_changes, a_retired_one_is_replaced_at_once)
{
	struct server *s = blocked_start(2, "");
	pid_t worker = stall(1);
	struct outcome o;

	verb_succeeds(&o, "retire", "1");
	slot_await(1, "serving");
	clients_go_to_both();
	worker_continue(worker);
	server_await_workers(s, 2);
	sockets_await_own(2);
	server_stop(s);
}

/* It is not there to give anything back, and nobody may be lost for that. */
Test(stall_changes, a_slot_can_be_scaled_away_while_its_worker_is_stalled)
{
	struct server *s = blocked_start(2, "drain = 2s");
	struct outcome o;
	struct load l;

	stall(1);
	load_start(&l, PORT, PER_SECOND);
	verb_succeeds(&o, "scale", "1");
	load_await(&l, 100);
	load_stop(&l);
	load_lost_nothing(l.result);
	server_await_workers(s, 1);
	cr_assert_eq(sockets_on("tcp", PORT), 1);
	verb_succeeds(&o, "scale", "2");
	slot_await(1, "serving");
	clients_go_to_both();
	server_stop(s);
}

Test(stall_changes, one_that_stalls_while_its_slot_is_scaled_away_holds_nothing_up)
{
	struct server *s = blocked_start(3, "drain = 2s");
	pid_t borrower = status_worker(1);       /* the next one, of those who stay */
	struct asked a;
	struct outcome o;
	struct load l;

	load_start(&l, PORT, PER_SECOND);
	verb_begin(&a, "scale", "2");
	sockets_await_held("tcp", PORT, borrower, 2);
	worker_stop(borrower);
	slot_await(1, "stalled");
	cr_assert_eq(verb_await(&a, &o), 0, "%s%s", o.out, o.err);
	worker_continue(borrower);
	slot_await(1, "serving");
	load_await(&l, 100);
	load_stop(&l);
	load_lost_nothing(l.result);
	sockets_await_own(2);
	server_stop(s);
}

/* ---- datagrams ---- */

enum { FLOWS = 40 };

struct flow {
	int      fd;
	unsigned slot;
};

static unsigned answers(struct flow *f)
{
	char answer[64];

	udp_ask(f->fd, "?", 1, answer, sizeof(answer));
	return (unsigned)(answer[0] - '0');
}

static size_t flows_begin(struct flow *all)
{
	size_t of_slot_1 = 0;

	for (size_t i = 0; i < FLOWS; i++) {
		all[i].fd = udp_client("127.0.0.1", 7001);
		all[i].slot = answers(&all[i]);
		of_slot_1 += all[i].slot == 1;
	}
	return of_slot_1;
}

static void flows_assert(struct flow *all, unsigned first, unsigned second)
{
	for (size_t i = 0; i < FLOWS; i++) {
		unsigned slot = answers(&all[i]);
		cr_assert_eq(slot, all[i].slot ? second : first, "flow %zu of slot %u: slot %u answers",
			i, all[i].slot, slot);
	}
}

Test(stall_changes, datagrams_of_a_stopped_worker_are_answered_by_its_sibling)
{
	struct server *s = server_start("[portico]\nworkers = 2\n"
		"[service flows]\nprotocol = udp\nlisten = 127.0.0.1:7001\n"
		"[handler flows]\nplugin = ${T}/who.so\n%s", "");
	struct flow all[FLOWS];

	cr_assert_gt(flows_begin(all), 0);
	pid_t worker = status_worker(1);
	worker_stop(worker);
	double begin = seconds_now();
	flows_assert(all, 0, 0);
	cr_assert_lt(seconds_now() - begin, 5.);
	cr_assert(slot_is(1, "stalled"));
	worker_continue(worker);
	slot_await(1, "serving");
	status_await_lent(0);
	/* What its sibling was asked to give back it may still read once. */
	while (answers(&all[0]) != all[0].slot || answers(&all[1]) != all[1].slot)
		cr_assert_lt(seconds_now() - begin, PATIENCE);
	flows_assert(all, 0, 1);
	server_stop(s);
}
