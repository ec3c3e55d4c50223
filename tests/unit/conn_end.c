/* SPDX-License-Identifier: MIT */
/* conn_end.c - how a TCP connection ends: refused, closed, aborted, cut off, idle. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "conn_rig.h"

CONN_SUITE(conn_end);

static int refuse(struct portico_conn *c)
{
	(void)c;
	return -1;
}

static int close_in_open(struct portico_conn *c)
{
	cr_assert_eq(portico_conn_write(c, "go away", 7), 7);
	portico_conn_close(c);
	cr_assert_eq(portico_conn_write(c, "x", 1), -1);
	cr_assert_eq(errno, EPIPE);
	return 0;
}

static int abort_in_open(struct portico_conn *c)
{
	portico_conn_abort(c);
	return 0;
}

Test(conn_end, may_be_refused_closed_or_aborted_in_open)
{
	tcp.site.kind.linger.span = 0.;
	tcp.on_open = refuse;
	conn_connect();
	rig_turns(3);
	client_sees_the_end(&tcp.client);
	rig_told("open close");
	tcp.on_open = close_in_open;
	conn_connect();
	rig_turns(3);
	client_hears(&tcp.client, "go away");
	client_sees_the_end(&tcp.client);
	rig_told("open close");
	tcp.on_open = abort_in_open;
	conn_connect_tcp();
	rig_turns(3);
	client_reads(&tcp.client);
	cr_assert(tcp.client.reset);
	rig_told("open close");
}

static ssize_t abort_in_data(struct portico_conn *c, const char *data, size_t len)
{
	(void)data;
	(void)len;
	portico_conn_write(c, "never sent", 10);
	portico_conn_abort(c);
	return 0;
}

Test(conn_end, aborted_in_data_hears_nothing_more_and_sends_a_reset)
{
	tcp.on_data = abort_in_data;
	conn_connect_tcp();
	conn_says("abc");
	client_reads(&tcp.client);
	cr_assert(tcp.client.reset);
	cr_assert_eq(tcp.client.got_len, 0);
	rig_told("open data:abc close");
}

static ssize_t fail(struct portico_conn *c, const char *data, size_t len)
{
	(void)data;
	(void)len;
	portico_conn_write(c, "bad", 3);
	return -1;
}

Test(conn_end, minus_one_from_data_closes_after_the_output_is_sent)
{
	tcp.on_data = fail;
	conn_connect();
	conn_says("abc");
	conn_says("def");
	client_hears(&tcp.client, "bad");
	client_sees_the_end(&tcp.client);
	client_ends(&tcp.client);
	rig_turns(3);
	rig_told("open data:abc close");
}

Test(conn_end, after_a_write_error_comes_close_once)
{
	rig.handler.plugin.tcp_drained = tcp_drained;
	conn_connect_tcp();
	client_dies(&tcp.client);
	rig_block(0.01);
	while (portico_conn_write(tcp.conn, tcp.big, 100000) > 0)
		;
	cr_assert_eq(errno, EPIPE);
	rig_turns(3);
	rig_told("open close");
}

static void misuse(struct portico_conn *c)
{
	portico_conn_close(c);
	portico_conn_abort(c);
	portico_conn_pause(c);
	portico_conn_resume(c);
	cr_assert_eq(portico_conn_write(c, "x", 1), -1);
	cr_assert_eq(errno, EPIPE);
}

Test(conn_end, what_is_asked_in_close_has_no_effect)
{
	tcp.on_close = misuse;
	conn_connect();
	client_ends(&tcp.client);
	rig_turns(3);
	rig_told("open close");
}

static ssize_t use_too_much(struct portico_conn *c, const char *data, size_t len)
{
	(void)c;
	(void)data;
	return (ssize_t)len + 1;
}

static ssize_t use_nothing(struct portico_conn *c, const char *data, size_t len)
{
	(void)c;
	(void)data;
	(void)len;
	return 0;
}

Test(conn_end, a_plugin_that_breaks_its_contract_is_cut_off)
{
	tcp.on_data = use_too_much;
	conn_connect_tcp();
	conn_says("abc");
	client_is_cut(&tcp.client);
	rig_told("open data:abc close");
	tcp.telling = false;
	tcp.on_data = use_nothing;
	conn_connect_tcp();
	client_sends(&tcp.client, tcp.big, 2000);
	rig_turns(3);
	client_hears_nothing(&tcp.client);
	client_sends(&tcp.client, tcp.big, 8000);
	rig_turns(5);
	client_is_cut(&tcp.client);
}

Test(conn_end, an_idle_connection_is_closed)
{
	tcp.site.kind.idle.span = 0.03;
	conn_connect();
	rig_pass(0.1);
	client_sees_the_end(&tcp.client);
	client_ends(&tcp.client);
	rig_turns(3);
	rig_told("open close");
}

Test(conn_end, a_peer_that_does_not_read_is_cut_off)
{
	tcp.site.kind.idle.span = 0.03;
	rig.handler.plugin.tcp_drained = tcp_drained;
	conn_connect();
	cr_assert_gt(portico_conn_write(tcp.conn, tcp.big, sizeof(tcp.big)), 0);
	rig_pass(0.2);
	rig_told("open close");
}

static ssize_t fill_and_close(struct portico_conn *c, const char *data, size_t len)
{
	(void)data;
	cr_assert_geq(len, tcp.site.kind.max_input);
	cr_assert_eq(portico_conn_write(c, "last words", 10), 10);
	cr_assert_eq(portico_conn_write(c, tcp.big, sizeof(tcp.big)), -1);
	cr_assert_eq(errno, ENOBUFS);
	portico_conn_close(c);
	return 0;
}

Test(conn_end, closing_with_max_input_left_still_sends_the_output)
{
	tcp.telling = false;
	tcp.site.kind.max_queue = 64 * 1024;
	tcp.on_data = fill_and_close;
	conn_connect_tcp();
	cr_assert_eq(send(tcp.client.fd, tcp.big, 8192, 0), 8192);
	for (int i = 0; i < 50 && !tcp.client.ended && !tcp.client.reset; i++) {
		rig_turn();
		client_reads(&tcp.client);
	}
	client_hears(&tcp.client, "last words");
	client_sees_the_end(&tcp.client);
	cr_assert_eq(tcp.datas, 1);
}

Test(conn_end, without_linger_a_close_is_a_close)
{
	tcp.site.kind.linger.span = 0.;
	conn_connect();
	portico_conn_close(tcp.conn);
	rig_turns(2);
	client_sees_the_end(&tcp.client);
	rig_told("open close");
}

/* ---- why it ended ---- */

static int why;

static void ask_why(struct portico_conn *c)
{
	why = portico_conn_error(c);
}

/* The last one ends, for this reason.  Over loopback what the client does may take its time. */
static void ended_for(int error)
{
	for (int i = 0; i < 5000 && tcp.conn; i++) {
		rig_turn();
		poll(NULL, 0, tcp.conn ? 1 : 0);
	}
	cr_assert_null(tcp.conn, "it has not ended");
	cr_assert_eq(why, error, "%d, not %d", why, error);
}

static void connect_asking(void)
{
	tcp.telling = false;
	tcp.on_close = ask_why;
	why = -1;
	conn_connect_tcp();
}

Test(conn_end, an_end_as_it_should_be_is_no_error)
{
	connect_asking();
	cr_assert_eq(portico_conn_error(tcp.conn), 0);
	client_ends(&tcp.client);
	rig_turns(3);
	ended_for(0);
	connect_asking();
	portico_conn_close(tcp.conn);
	rig_turns(2);
	client_says(&tcp.client, "too late");
	rig_turns(2);
	client_ends(&tcp.client);
	rig_turns(3);
	ended_for(0);
}

Test(conn_end, who_cut_it_is_told)
{
	connect_asking();
	client_dies(&tcp.client);
	rig_turns(3);
	ended_for(ECONNRESET);
	connect_asking();
	portico_conn_abort(tcp.conn);
	rig_turns(2);
	ended_for(ECONNABORTED);
	connect_asking();
	tcp.on_data = use_too_much;
	conn_says("abc");
	ended_for(ECONNABORTED);
	connect_asking();
	conn_site_abort(&tcp.site);      /* the time to drain is up */
	rig_turns(2);
	ended_for(ECONNABORTED);
}

Test(conn_end, who_was_idle_is_told)
{
	tcp.site.kind.idle.span = 0.03;
	connect_asking();
	rig_pass(0.1);
	client_ends(&tcp.client);
	rig_turns(3);
	ended_for(ETIMEDOUT);
	connect_asking();
	rig_pass(10.);           /* that it does not answer our end is no matter */
	ended_for(ETIMEDOUT);
}

static ssize_t pause_in_data(struct portico_conn *c, const char *data, size_t len)
{
	(void)data;
	portico_conn_pause(c);
	return (ssize_t)len;
}

static void idle_with_unread(ssize_t (*on_data)(struct portico_conn *, const char *, size_t))
{
	connect_asking();
	tcp.on_data = on_data;
	conn_says("abc");
	rig_pass(0.1);
	client_ends(&tcp.client);
	rig_turns(3);
	ended_for(ECONNABORTED);
}

/* What is lost of either side must not look whole. */
Test(conn_end, who_was_idle_and_had_more_to_say_or_to_read_was_cut)
{
	tcp.site.kind.idle.span = 0.03;
	connect_asking();
	rig_pass(0.1);
	conn_says("after that");
	client_ends(&tcp.client);
	rig_turns(3);
	ended_for(ECONNABORTED);
	idle_with_unread(pause_in_data);
	idle_with_unread(use_nothing);
	connect_asking();
	while (portico_conn_write(tcp.conn, tcp.big, 4096) > 0)
		rig_turn();
	rig_pass(10.);
	ended_for(ECONNABORTED);
}

Test(conn_end, is_not_idle_with_what_came_while_the_loop_was_blocked)
{
	tcp.site.kind.idle.span = 0.02;
	tcp.on_data = conn_echo;
	conn_connect();
	rig_turn();
	client_says(&tcp.client, "abc");
	rig_block(0.05);
	tcp.site.kind.idle.span = 10.;
	rig_turns(3);
	client_hears(&tcp.client, "abc");
	cr_assert_not(tcp.client.ended);
}

static ssize_t close_and_resume(struct portico_conn *c, const char *data, size_t len)
{
	(void)data;
	(void)len;
	portico_conn_pause(c);
	portico_conn_close(c);
	portico_conn_resume(c);
	return 0;
}

Test(conn_end, a_resume_while_closing_does_not_spin)
{
	tcp.on_data = close_and_resume;
	conn_connect();
	conn_says("abc");
	rig_told("open data:abc");
	rig_sleeps();
}
