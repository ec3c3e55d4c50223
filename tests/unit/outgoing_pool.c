/* SPDX-License-Identifier: MIT */
/* outgoing_pool.c - proto/outgoing_pool.c: connections that are kept for the next one who asks. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "outgoing_rig.h"

OUTGOING_SUITE(outgoing_pool);

Test(outgoing_pool, one_that_is_kept_is_used_again)
{
	struct portico_upstream *up = pooling_upstream(2);

	keep_in_pool(connect_to(up, 0));
	rig_told("open close:0");
	cr_assert_eq(up->pooled, 1);
	cr_assert_eq(outgoing_gauge("portico_upstream_pooled"), 1.);
	cr_assert(outgoing_is_done(&out.all), "nobody waits for it");
	struct portico_conn *c = begin_connect(up, 0);
	await_open();
	rig_told("open");
	cr_assert_eq(portico_conn_write(c, "again", 5), 5);
	rig_turns(2);
	client_hears(&out.server, "again");
	server_says("yes");
	rig_told("drained data:yes");
	cr_assert_eq(outgoing_counter("portico_upstream_connects"), 1);
	cr_assert_eq(outgoing_counter("portico_upstream_reused"), 1);
	keep_in_pool(c);
	cr_assert_eq(up->pooled, 1);
	rig_sleeps();
}

Test(outgoing_pool, one_of_the_pool_knows_its_peer)
{
	struct portico_upstream *up = pooling_upstream(2);
	struct portico_peer first, again;
	struct portico_conn *c = connect_to(up, 0);

	portico_conn_peer(c, &first);
	cr_assert_eq(first.addr.ss_family, AF_INET);
	keep_in_pool(c);
	c = begin_connect(up, 0);
	await_open();
	portico_conn_peer(c, &again);
	cr_assert_eq(again.len, first.len);
	cr_assert_eq(memcmp(&again, &first, sizeof(first)), 0);
}

Test(outgoing_pool, a_fresh_one_is_not_of_the_pool)
{
	struct portico_upstream *up = pooling_upstream(2);

	keep_in_pool(connect_to(up, 0));
	connect_to(up, PORTICO_FRESH);
	cr_assert_eq(outgoing_counter("portico_upstream_connects"), 2);
	cr_assert_eq(up->pooled, 1);
}

Test(outgoing_pool, the_pool_is_bounded_and_gets_old)
{
	out.target.pool_timeout = 0.1;
	struct portico_upstream *up = pooling_upstream(2);
	struct portico_conn *c[3];
	struct client ends[3];

	for (int i = 0; i < 3; i++) {
		c[i] = connect_to(up, 0);
		ends[i] = out.server;
		out.server = (struct client){ .fd = -1 };
	}
	for (int i = 0; i < 3; i++)
		keep_in_pool(c[i]);
	cr_assert_eq(up->pooled, 2);
	client_sees_the_end(&ends[0]);
	client_hears_nothing(&ends[1]);
	rig_turns(1);
	while (up->pooled > 0)
		rig_wait();
	cr_assert_eq(outgoing_gauge("portico_upstream_pooled"), 0.);
	for (int i = 1; i < 3; i++)
		client_sees_the_end(&ends[i]);
	for (int i = 0; i < 3; i++)
		client_fini(&ends[i]);
}

Test(outgoing_pool, one_that_ends_in_the_pool_is_dropped)
{
	struct portico_upstream *up = pooling_upstream(2);

	keep_in_pool(connect_to(up, 0));
	client_ends(&out.server);
	rig_turns(2);
	cr_assert_eq(up->pooled, 0);
	keep_in_pool(connect_to(up, 0));
	client_says(&out.server, "unasked");
	begin_connect(up, 0);            /* before the loop sees it */
	await_open();
	cr_assert_eq(outgoing_counter("portico_upstream_connects"), 3);
}

Test(outgoing_pool, a_kept_one_that_ends_before_a_byte_is_told_as_stale)
{
	struct portico_upstream *up = pooling_upstream(2);

	keep_in_pool(connect_to(up, 0));
	struct portico_conn *c = begin_connect(up, 0);
	await_open();
	portico_conn_write(c, "question", 8);
	client_dies(&out.server);
	cr_assert_eq(await_close(), ESTALE);
	keep_in_pool(connect_to(up, 0));
	begin_connect(up, 0);
	await_open();
	client_ends(&out.server);
	cr_assert_eq(await_close(), ESTALE);
}

Test(outgoing_pool, what_is_under_way_is_not_kept)
{
	struct portico_upstream *up = pooling_upstream(2);
	struct portico_conn *c = connect_to(up, 0);

	portico_conn_pause(c);
	server_says("unread");
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

Test(outgoing_pool, what_is_unused_makes_it_unfit)
{
	struct portico_upstream *up = pooling_upstream(2);

	connect_to(up, 0);
	out.on_data = keep_and_leave_one;
	server_says("ab");
	client_ends(&out.server);
	await_close();
	rig_told("open data:ab close:0");
	cr_assert_eq(up->pooled, 0);
}

static void close_again(struct portico_conn *c)
{
	cr_assert_eq(portico_conn_write(c, "late", 4), -1);
	portico_conn_abort(c);
	portico_conn_close(c);
	portico_conn_keep(c);
	portico_conn_pause(c);
	portico_conn_resume(c);
	portico_conn_end(c);
}

Test(outgoing_pool, calls_from_closed_change_nothing)
{
	out.on_close = close_again;
	struct portico_upstream *up = pooling_upstream(2);
	keep_in_pool(connect_to(up, 0));
	outgoing_pool_empty(up);
	client_sees_the_end(&out.server);        /* and no reset */
	connect_to(up, PORTICO_FRESH);
	client_dies(&out.server);
	await_close();
	close(out.listener);
	out.listener = -1;
	begin_connect(up, PORTICO_FRESH);
	cr_assert_eq(await_close(), ECONNREFUSED);
	rig_sleeps();
}
