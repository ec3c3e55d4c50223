/* SPDX-License-Identifier: MIT */
/*
 * listen.c - accepting in batches, and resting when descriptors run out.
 */
#include "net/listen.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rig.h"
#include "sys/sock.h"

enum { CLIENTS = 100 };

static struct listener listener;
static _Atomic uint32_t resters;
static int server;
static struct addr at;
static int clients[CLIENTS];
static int taken[CLIENTS];
static struct addr peers[CLIENTS];
static unsigned client_count, taken_count;

static void accepted(struct listener *l, int fd, const struct addr *peer)
{
	rig_enter();
	cr_assert_eq(l, &listener);
	cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	peers[taken_count] = *peer;
	taken[taken_count++] = fd;
	rig_leave();
}

static void set_up(void)
{
	socklen_t len = sizeof(at);

	rig_up();
	at.in = (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	server = sock_bind(&at, SOCK_STREAM);
	cr_assert_geq(server, 0);
	cr_assert_eq(sock_listen(server, 128), 0);
	cr_assert_eq(getsockname(server, &at.sa, &len), 0);
	listener.accepted = accepted;
	listener.resters = &resters;
	listener_start(&listener, rig.loop, server);
}

static void tear_down(void)
{
	listener_stop(&listener);
	listener_stop(&listener);
	for (unsigned i = 0; i < client_count; i++)
		close(clients[i]);
	for (unsigned i = 0; i < taken_count; i++)
		close(taken[i]);
	close(server);
	rig_down();
}

TestSuite(listen, .init = set_up, .fini = tear_down, .timeout = 30);

static void connect_clients(unsigned n)
{
	while (n-- > 0) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		cr_assert_eq(connect(fd, &at.sa, addr_len(&at)), 0);
		clients[client_count++] = fd;
	}
}

/* From now on no descriptor can be opened; gives what it was. */
static struct rlimit run_out(void)
{
	struct rlimit was, none;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 3;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	return was;
}

Test(listen, accepts_a_bounded_batch_in_a_turn)
{
	connect_clients(80);
	rig_turn();
	cr_assert_gt(taken_count, 1);
	cr_assert_lt(taken_count, 80, "newcomers hold up the loop");
	rig_turns(4);
	cr_assert_eq(taken_count, 80);
	rig_sleeps();
}

Test(listen, tells_who_it_is)
{
	struct addr client;
	socklen_t len = sizeof(client);

	connect_clients(1);
	cr_assert_eq(getsockname(clients[0], &client.sa, &len), 0);
	rig_turn();
	cr_assert_eq(taken_count, 1);
	cr_assert(addr_equal(&peers[0], &client));
}

Test(listen, rests_when_descriptors_run_out_and_recovers)
{
	connect_clients(3);
	struct rlimit was = run_out();
	rig_turns(3);
	cr_assert_eq(taken_count, 0);
	cr_assert_not(ev_is_active(&listener.io), "would spin");
	cr_assert_eq(resters, 1);
	cr_assert(ev_is_active(&listener.retry));
	rig_sleeps();
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	while (taken_count < 3)
		rig_wait();
	cr_assert(ev_is_active(&listener.io));
	cr_assert_not(ev_is_active(&listener.retry));
	cr_assert_float_eq(listener.rest, 0., 0.);
	cr_assert_eq(resters, 0);
}

/* Who was waiting may have been served by another one meanwhile. */
Test(listen, rests_no_longer_than_descriptors_are_missing_though_nobody_comes)
{
	connect_clients(1);
	struct rlimit was = run_out();
	rig_turns(2);
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	taken[taken_count++] = sock_accept(server, &peers[0]);
	cr_assert_eq(run_out().rlim_cur, was.rlim_cur);
	double first = listener.rest;
	while (listener.rest <= first)
		rig_wait();
	cr_assert_eq(resters, 1, "there is none yet");
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	while (resters > 0)
		rig_wait();
	cr_assert(ev_is_active(&listener.io));
	cr_assert_eq(taken_count, 1);
}

Test(listen, rests_longer_each_time)
{
	connect_clients(1);
	struct rlimit was = run_out();
	rig_turns(2);
	double first = listener.rest;
	cr_assert_gt(first, 0.);
	while (listener.rest <= first)
		rig_wait();
	cr_assert_leq(listener.rest, 1.);
	setrlimit(RLIMIT_NOFILE, &was);
	while (taken_count < 1)
		rig_wait();
}

Test(listen, may_be_stopped_while_it_rests)
{
	connect_clients(1);
	struct rlimit was = run_out();
	rig_turns(2);
	listener_stop(&listener);
	cr_assert_eq(resters, 0);
	setrlimit(RLIMIT_NOFILE, &was);
	rig_pass(0.1);
	cr_assert_eq(taken_count, 0);
}

Test(listen, empties_its_queue_at_the_end)
{
	connect_clients(70);
	listener_empty(&listener);
	cr_assert_eq(taken_count, 70);
	listener_stop(&listener);
	connect_clients(1);
	rig_turns(3);
	cr_assert_eq(taken_count, 70, "accepted after the stop");
}

Test(listen, a_client_that_left_again_harms_nobody)
{
	struct linger now = { .l_onoff = 1 };

	connect_clients(3);
	setsockopt(clients[1], SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(clients[1]);
	clients[1] = dup(clients[0]);
	rig_turns(3);
	cr_assert_geq(taken_count, 2);
	cr_assert(ev_is_active(&listener.io));
}

Test(listen, stopping_what_never_started_is_fine)
{
	struct listener never = {0};

	listener_stop(&never);
}
