/* SPDX-License-Identifier: MIT */
/* outgoing.c - proto/outgoing.c, upstream.c, net/dial.c: connections to other servers. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "outgoing_rig.h"
#include "sys/page.h"

OUTGOING_SUITE(outgoing);

/* ---- from connect to close ---- */

Test(outgoing, opened_comes_from_the_loop_and_bytes_go_both_ways)
{
	struct portico_conn *c = begin_connect(upstream(), 0);

	rig_told("");
	cr_assert_eq(portico_conn_write(c, "x", 1), -1);
	cr_assert_eq(errno, ENOTCONN);
	await_open();
	server_accepts();
	cr_assert_eq(out.conn, c);
	cr_assert_eq(portico_conn_state(c), &out);
	cr_assert(!portico_conn_is_tls(c));
	cr_assert_eq(portico_conn_write(c, "hello", 5), 5);
	rig_turns(2);
	client_hears(&out.server, "hello");
	server_says("world");
	rig_told("open drained data:world");
	cr_assert_eq(outgoing_gauge("portico_upstream_in_use"), 1.);
	portico_conn_close(c);
	rig_turns(2);
	client_sees_the_end(&out.server);
	client_fini(&out.server);
	cr_assert_eq(await_close(), 0);
	rig_told("close:0");
	cr_assert_eq(outgoing_gauge("portico_upstream_in_use"), 0.);
	cr_assert_eq(outgoing_counter("portico_upstream_connects"), 1);
	rig_sleeps();
}

Test(outgoing, peer_is_the_servers_address)
{
	struct portico_conn *c = connect_to(upstream(), 0);
	struct portico_peer peer;
	struct sockaddr_in a;

	portico_conn_peer(c, &peer);
	memcpy(&a, &peer.addr, sizeof(a));
	cr_assert_eq(a.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	cr_assert_eq(ntohs(a.sin_port), atoi(strchr(out.address, ':') + 1));
}

Test(outgoing, a_unix_socket)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char text[128], dir[] = "/tmp/portico-unit-XXXXXX";
	struct portico_peer peer;

	cr_assert_not_null(mkdtemp(dir));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", dir);
	snprintf(text, sizeof(text), "unix:%s", a.sun_path);
	close(out.listener);
	out.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(out.listener, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(listen(out.listener, 1), 0);
	out.target.address = text;
	struct portico_conn *c = connect_to(upstream(), 0);
	unlink(a.sun_path);
	rmdir(dir);
	server_says("hi");
	rig_told("open data:hi");
	portico_conn_peer(c, &peer);
	cr_assert_eq(peer.addr.ss_family, AF_UNIX);
	begin_connect(upstream(), 0);
	cr_assert_eq(await_close(), ENOENT);
	cr_assert_eq(outgoing_counter("portico_upstream_failed_refused"), 1);
}

Test(outgoing, a_server_that_refuses)
{
	close(out.listener);
	out.listener = -1;
	begin_connect(upstream(), 0);
	rig_told("");
	cr_assert_eq(await_close(), ECONNREFUSED);
	rig_told("close:ECONNREFUSED");
	cr_assert_eq(outgoing_counter("portico_upstream_failed_refused"), 1);
	cr_assert_eq(outgoing_counter("portico_upstream_connects"), 0);
	cr_assert(outgoing_is_done(&out.all));
}

/* Its queue is full: handshakes are not answered. */
Test(outgoing, a_server_that_does_not_answer)
{
	struct portico_upstream *up;

	cr_assert_eq(listen(out.listener, 0), 0);
	out.target.connect_timeout = 0.1;
	up = upstream();
	begin_connect(up, 0);
	await_open();
	begin_connect(up, 0);
	cr_assert_eq(await_close(), ETIMEDOUT);
	cr_assert_eq(outgoing_counter("portico_upstream_failed_timeout"), 1);
}

Test(outgoing, the_next_address_is_tried_when_one_fails)
{
	struct portico_upstream *up = upstream();
	struct name *n = &up->to.name;

	n->addrs[1] = n->addrs[0];
	n->addrs[0].in.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);     /* nobody is there */
	n->count = 2;
	connect_to(up, 0);
	rig_told("open");
}

/* As IPv6 where the kernel was told to have none. */
Test(outgoing, the_next_address_is_tried_when_there_is_no_socket_for_one)
{
	struct portico_upstream *up = upstream();
	struct name *n = &up->to.name;

	n->addrs[1] = n->addrs[0];
	n->addrs[0].sa.sa_family = PF_MAX;
	n->count = 2;
	connect_to(up, 0);
	rig_told("open");
}

Test(outgoing, a_connect_is_given_up_before_it_began)
{
	struct portico_conn *c = begin_connect(upstream(), 0);

	portico_conn_close(c);
	rig_told("");
	rig_turns(2);
	rig_told("close:0");
	cr_assert_eq(outgoing_counter("portico_upstream_connects"), 0);
}

/* Its queue is full, so that it takes its time. */
Test(outgoing, a_connect_is_given_up_on_its_way)
{
	struct portico_upstream *up = upstream();

	cr_assert_eq(listen(out.listener, 0), 0);
	begin_connect(up, 0);
	await_open();
	struct portico_conn *c = begin_connect(up, 0);
	rig_turns(3);
	cr_assert_eq(((struct outgoing_conn *)c)->state, OUTGOING_DIALLING);
	portico_conn_abort(c);
	cr_assert_eq(await_close(), 0);
	rig_told("open close:0");
}

static int refuse(struct portico_conn *c)
{
	(void)c;
	return -1;
}

Test(outgoing, opened_may_refuse)
{
	out.on_open = refuse;
	begin_connect(upstream(), 0);
	await_open();
	server_accepts();
	client_dies(&out.server);
	await_close();
	rig_told("open close:0");
}

Test(outgoing, paused_before_it_is_open_stays_paused)
{
	struct portico_conn *c = begin_connect(upstream(), 0);

	portico_conn_pause(c);
	await_open();
	server_accepts();
	server_says("early");
	rig_told("open");
	portico_conn_resume(c);
	rig_turns(3);
	rig_told("data:early");
}

/* ---- how it ends ---- */

Test(outgoing, a_reset_is_told)
{
	connect_to(upstream(), 0);
	client_dies(&out.server);
	cr_assert_eq(await_close(), ECONNRESET);
}

static void answer_and_close(struct portico_conn *c)
{
	portico_conn_write(c, "bye", 3);
	portico_conn_close(c);
}

Test(outgoing, eof_leaves_our_half_open)
{
	connect_to(upstream(), 0);
	out.on_eof = answer_and_close;
	client_ends(&out.server);
	cr_assert_eq(await_close(), 0);
	client_hears(&out.server, "bye");
	rig_told("open eof close:0");
}

Test(outgoing, end_says_ours_and_the_rest_is_still_heard)
{
	struct portico_conn *c = connect_to(upstream(), 0);

	portico_conn_write(c, "last", 4);
	portico_conn_end(c);
	cr_assert_eq(portico_conn_write(c, "x", 1), -1);
	cr_assert_eq(errno, EPIPE);
	rig_turns(2);
	client_hears(&out.server, "last");
	client_sees_the_end(&out.server);
	server_says("answer");
	client_ends(&out.server);
	cr_assert_eq(await_close(), 0, "both have ended");
	rig_told("open drained data:answer eof close:0");
}

/* Who only listens. */
Test(outgoing, an_end_said_before_there_is_a_connection)
{
	struct portico_conn *c = begin_connect(upstream(), 0);

	portico_conn_end(c);
	await_open();
	server_accepts();
	cr_assert_eq(portico_conn_write(c, "x", 1), -1);
	cr_assert_eq(errno, EPIPE);
	rig_turns(2);
	client_sees_the_end(&out.server);
	server_says("answer");
	client_ends(&out.server);
	cr_assert_eq(await_close(), 0);
	rig_told("open data:answer eof close:0");
}

Test(outgoing, who_says_nothing_for_idle_timeout_is_closed)
{
	out.target.idle_timeout = 0.05;
	connect_to(upstream(), 0);
	cr_assert_eq(await_close(), ETIMEDOUT);
}

/* Somebody may wait for that. */
Test(outgoing, who_is_silent_is_not_waited_for_any_longer)
{
	static char block[512 * 1024];

	out.target.idle_timeout = .05;
	rig.handler.bounds.linger = 5.;
	connect_to(upstream(), 0);
	double before = clock_seconds();
	cr_assert_eq(await_close(), ETIMEDOUT);
	cr_assert_lt(clock_seconds() - before, .09);
	client_sees_the_end(&out.server);
	struct portico_conn *c = connect_to(upstream(), 0);
	while (portico_conn_queued(c) == 0)
		portico_conn_write(c, block, sizeof(block));
	before = clock_seconds();
	cr_assert_eq(await_close(), ETIMEDOUT);
	cr_assert_lt(clock_seconds() - before, .09);
}

static ssize_t use_too_much(struct portico_conn *c, const char *data, size_t len)
{
	(void)c;
	(void)data;
	return (ssize_t)len + 1;
}

Test(outgoing, a_broken_contract_is_cut)
{
	connect_to(upstream(), 0);
	out.on_data = use_too_much;
	client_says(&out.server, "x");
	cr_assert_eq(await_close(), EPROTO);
	client_is_cut(&out.server);
}

/* ---- both ways with bounds ---- */

Test(outgoing, a_server_that_does_not_read_is_not_read_from)
{
	static char block[60 * 1024];
	struct portico_conn *c = connect_to(upstream(), 0);

	while (portico_conn_queued(c) <= rig.handler.bounds.high_water)
		cr_assert_eq(portico_conn_write(c, block, sizeof(block)), (ssize_t)sizeof(block));
	rig_turns(2);
	server_says("answer");
	rig_told("open");
	while (portico_conn_queued(c) > 0) {
		client_reads(&out.server);
		rig_turn();
	}
	rig_turns(3);
	cr_assert_not_null(strstr(rig.story, "data:answer"));
}

Test(outgoing, over_max_queue_is_refused)
{
	static char block[512 * 1024];
	struct portico_conn *c = connect_to(upstream(), 0);
	ssize_t n;

	while ((n = portico_conn_write(c, block, sizeof(block))) > 0)
		;
	cr_assert_eq(errno, ENOBUFS);
	cr_assert_leq(portico_conn_queued(c), rig.handler.bounds.max_queue);
}

/* It would have a descriptor and its queue for ever, and a drain would wait for it. */
Test(outgoing, a_server_that_does_not_read_is_not_waited_for_after_the_close)
{
	static char block[512 * 1024];
	struct portico_conn *c = connect_to(upstream(), 0);

	while (portico_conn_write(c, block, sizeof(block)) > 0)
		;
	rig_pass(100.);
	cr_assert_not(out.closed, "in use it has no limit: none was asked for");
	portico_conn_close(c);
	rig_pass(100.);
	cr_assert(out.closed);
	cr_assert_eq(out.error, 0);
}

/* ---- the end of the worker ---- */

Test(outgoing, a_drain_closes_the_pool_and_keeps_nothing)
{
	struct portico_upstream *up = pooling_upstream(2);

	keep_in_pool(connect_to(up, 0));
	struct portico_conn *c = connect_to(up, PORTICO_FRESH);
	outgoing_drain(&out.all);
	cr_assert_eq(up->pooled, 0);
	cr_assert(!outgoing_is_done(&out.all));
	portico_conn_keep(c);
	rig_turns(2);
	client_sees_the_end(&out.server);
	client_ends(&out.server);
	cr_assert_eq(await_close(), 0);
	cr_assert(outgoing_is_done(&out.all));
	connect_to(up, 0);       /* what is in hand may still need one */
}

Test(outgoing, when_the_time_is_up_all_are_cut)
{
	struct portico_upstream *up = pooling_upstream(2);

	connect_to(up, 0);
	begin_connect(up, 0);
	outgoing_give_up(&out.all);
	rig_turns(3);
	cr_assert_null(portico_connect(up, 0, NULL));
	cr_assert_eq(errno, ECANCELED);
	cr_assert(outgoing_is_done(&out.all));
	cr_assert(strcmp(rig.story, "open close:ECANCELED close:ECANCELED") == 0, "%s", rig.story);
	client_is_cut(&out.server);
}

/* ---- nonsense ---- */

Test(outgoing, nonsense_is_refused)
{
	static const char *const addresses[] = {
		"", ":80", "host", "host:0", "host:99999", "1.2.3:80", "::1:80", "*:80", "unix:",
	};
	struct portico_target t = out.target;

	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		t.address = addresses[i];
		cr_assert_null(portico_upstream(&rig.handler, &t, sizeof(t)), "%s", addresses[i]);
		cr_assert_eq(errno, EINVAL);
	}
	t = out.target;
	t.connect_timeout = -1.;
	cr_assert_null(portico_upstream(&rig.handler, &t, sizeof(t)));
	t = out.target;
	t.closed = NULL;
	cr_assert_null(portico_upstream(&rig.handler, &t, sizeof(t)));
	t = out.target;
	t.tls = true;
	t.tls_ca = "/nowhere";
	cr_assert_null(portico_upstream(&rig.handler, &t, sizeof(t)));
	cr_assert_eq(errno, ENOENT);
	t.tls_ca = "/dev/null";
	cr_assert_null(portico_upstream(&rig.handler, &t, sizeof(t)));
	cr_assert_eq(errno, EINVAL);
	t.tls_ca = NULL;
	t.address = "unix:/s";
	cr_assert_null(portico_upstream(&rig.handler, &t, sizeof(t)), "whose certificate?");
	t.tls_unverified = true;
	cr_assert_not_null(portico_upstream(&rig.handler, &t, sizeof(t)));
	cr_assert_null(portico_connect(upstream(), 2, NULL));
	cr_assert_eq(errno, EINVAL);
	rig.handler.outgoing = NULL;
	cr_assert_null(portico_upstream(&rig.handler, &out.target, sizeof(out.target)));
	cr_assert_eq(errno, EINVAL);
	rig.handler.outgoing = &out.all;
}

struct longer {
	struct portico_target target;
	long                  more;
};

Test(outgoing, targets_of_older_and_newer_headers)
{
	struct longer l = { .target = out.target };

	cr_assert_not_null(portico_upstream(&rig.handler, &l.target, sizeof(l)));
	l.more = 1;
	cr_assert_null(portico_upstream(&rig.handler, &l.target, sizeof(l)));
	cr_assert_eq(errno, EINVAL);
}
