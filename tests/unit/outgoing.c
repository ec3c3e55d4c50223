/* SPDX-License-Identifier: MIT */
/* outgoing.c - proto/outgoing.c, outgoing_pool.c, upstream.c, net/dial.c: connections to other servers. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "outgoing_rig.h"
#include "sys/page.h"

OUTGOING_SUITE(outgoing);

static uint64_t counter(const char *name)
{
	struct page_metric *m = page_metric(rig.handler.page, "test", name, NULL, PAGE_COUNTER);

	cr_assert_not_null(m);
	return m->value.count;
}

static double gauge(const char *name)
{
	return page_metric(rig.handler.page, "test", name, NULL, PAGE_GAUGE)->value.level;
}

static void hear(const char *text)
{
	client_says(&out.server, text);
	rig_turns(3);
}

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
	hear("world");
	rig_told("open drained data:world");
	cr_assert_eq(gauge("portico_upstream_in_use"), 1.);
	portico_conn_close(c);
	rig_turns(2);
	client_sees_the_end(&out.server);
	client_fini(&out.server);
	cr_assert_eq(await_close(), 0);
	rig_told("close:0");
	cr_assert_eq(gauge("portico_upstream_in_use"), 0.);
	cr_assert_eq(counter("portico_upstream_connects"), 1);
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
	hear("hi");
	rig_told("open data:hi");
	portico_conn_peer(c, &peer);
	cr_assert_eq(peer.addr.ss_family, AF_UNIX);
	begin_connect(upstream(), 0);
	cr_assert_eq(await_close(), ENOENT);
	cr_assert_eq(counter("portico_upstream_failed_refused"), 1);
}

Test(outgoing, a_server_that_refuses)
{
	close(out.listener);
	out.listener = -1;
	begin_connect(upstream(), 0);
	rig_told("");
	cr_assert_eq(await_close(), ECONNREFUSED);
	rig_told("close:ECONNREFUSED");
	cr_assert_eq(counter("portico_upstream_failed_refused"), 1);
	cr_assert_eq(counter("portico_upstream_connects"), 0);
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
	cr_assert_eq(counter("portico_upstream_failed_timeout"), 1);
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

Test(outgoing, a_connect_is_given_up_before_it_began)
{
	struct portico_conn *c = begin_connect(upstream(), 0);

	portico_conn_close(c);
	rig_told("");
	rig_turns(2);
	rig_told("close:0");
	cr_assert_eq(counter("portico_upstream_connects"), 0);
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
	hear("early");
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
	hear("answer");
	client_ends(&out.server);
	cr_assert_eq(await_close(), 0, "both have ended");
	rig_told("open drained data:answer eof close:0");
}

Test(outgoing, who_says_nothing_for_idle_timeout_is_closed)
{
	out.target.idle_timeout = 0.05;
	connect_to(upstream(), 0);
	cr_assert_eq(await_close(), ETIMEDOUT);
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
	hear("answer");
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

/* ---- the pool ---- */

static struct portico_upstream *pooling(unsigned max)
{
	out.target.pool_max = max;
	return upstream();
}

static void keep(struct portico_conn *c)
{
	portico_conn_keep(c);
	cr_assert_eq(await_close(), 0);
}

Test(outgoing, one_that_is_kept_is_used_again)
{
	struct portico_upstream *up = pooling(2);

	keep(connect_to(up, 0));
	rig_told("open close:0");
	cr_assert_eq(up->pooled, 1);
	cr_assert_eq(gauge("portico_upstream_pooled"), 1.);
	cr_assert(outgoing_is_done(&out.all), "nobody waits for it");
	struct portico_conn *c = begin_connect(up, 0);
	await_open();
	rig_told("open");
	cr_assert_eq(portico_conn_write(c, "again", 5), 5);
	rig_turns(2);
	client_hears(&out.server, "again");
	hear("yes");
	rig_told("drained data:yes");
	cr_assert_eq(counter("portico_upstream_connects"), 1);
	cr_assert_eq(counter("portico_upstream_reused"), 1);
	keep(c);
	cr_assert_eq(up->pooled, 1);
	rig_sleeps();
}

Test(outgoing, a_fresh_one_is_not_of_the_pool)
{
	struct portico_upstream *up = pooling(2);

	keep(connect_to(up, 0));
	connect_to(up, PORTICO_FRESH);
	cr_assert_eq(counter("portico_upstream_connects"), 2);
	cr_assert_eq(up->pooled, 1);
}

Test(outgoing, the_pool_is_bounded_and_gets_old)
{
	out.target.pool_timeout = 0.1;
	struct portico_upstream *up = pooling(2);
	struct portico_conn *c[3];
	struct client ends[3];

	for (int i = 0; i < 3; i++) {
		c[i] = connect_to(up, 0);
		ends[i] = out.server;
		out.server = (struct client){ .fd = -1 };
	}
	for (int i = 0; i < 3; i++)
		keep(c[i]);
	cr_assert_eq(up->pooled, 2);
	client_sees_the_end(&ends[0]);
	client_hears_nothing(&ends[1]);
	rig_turns(1);
	while (up->pooled > 0)
		rig_wait();
	cr_assert_eq(gauge("portico_upstream_pooled"), 0.);
	for (int i = 1; i < 3; i++)
		client_sees_the_end(&ends[i]);
	for (int i = 0; i < 3; i++)
		client_fini(&ends[i]);
}

Test(outgoing, one_that_ends_in_the_pool_is_dropped)
{
	struct portico_upstream *up = pooling(2);

	keep(connect_to(up, 0));
	client_ends(&out.server);
	rig_turns(2);
	cr_assert_eq(up->pooled, 0);
	keep(connect_to(up, 0));
	client_says(&out.server, "unasked");
	begin_connect(up, 0);            /* before the loop sees it */
	await_open();
	cr_assert_eq(counter("portico_upstream_connects"), 3);
}

Test(outgoing, a_kept_one_that_ends_before_a_byte_is_told_as_stale)
{
	struct portico_upstream *up = pooling(2);

	keep(connect_to(up, 0));
	struct portico_conn *c = begin_connect(up, 0);
	await_open();
	portico_conn_write(c, "question", 8);
	client_dies(&out.server);
	cr_assert_eq(await_close(), ESTALE);
	keep(connect_to(up, 0));
	begin_connect(up, 0);
	await_open();
	client_ends(&out.server);
	cr_assert_eq(await_close(), ESTALE);
}

Test(outgoing, what_is_under_way_is_not_kept)
{
	struct portico_upstream *up = pooling(2);
	struct portico_conn *c = connect_to(up, 0);

	portico_conn_pause(c);
	hear("unread");
	portico_conn_keep(c);
	await_close();
	rig_turns(2);
	cr_assert_eq(up->pooled, 0, "its bytes would be another's");
	c = connect_to(up, 0);
	portico_conn_end(c);
	portico_conn_keep(c);
	client_ends(&out.server);
	await_close();
	cr_assert_eq(up->pooled, 0);
}

static ssize_t keep_and_leave_one(struct portico_conn *c, const char *data, size_t len)
{
	(void)data;
	portico_conn_keep(c);
	return (ssize_t)len - 1;
}

Test(outgoing, what_is_unused_makes_it_unfit)
{
	struct portico_upstream *up = pooling(2);

	connect_to(up, 0);
	out.on_data = keep_and_leave_one;
	hear("ab");
	client_ends(&out.server);
	await_close();
	rig_told("open data:ab close:0");
	cr_assert_eq(up->pooled, 0);
}

static void close_again(struct portico_conn *c)
{
	portico_conn_close(c);
	portico_conn_abort(c);
	portico_conn_keep(c);
	portico_conn_pause(c);
	portico_conn_resume(c);
	portico_conn_end(c);
}

Test(outgoing, calls_from_closed_change_nothing)
{
	out.on_close = close_again;
	struct portico_upstream *up = pooling(2);
	keep(connect_to(up, 0));
	connect_to(up, PORTICO_FRESH);
	client_dies(&out.server);
	await_close();
	close(out.listener);
	out.listener = -1;
	begin_connect(up, PORTICO_FRESH);
	cr_assert_eq(await_close(), ECONNREFUSED);
	rig_sleeps();
}

/* ---- the end of the worker ---- */

Test(outgoing, a_drain_closes_the_pool_and_keeps_nothing)
{
	struct portico_upstream *up = pooling(2);

	keep(connect_to(up, 0));
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
	struct portico_upstream *up = pooling(2);

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
