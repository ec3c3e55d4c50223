/* SPDX-License-Identifier: MIT */
/* conn.c - a TCP connection as a plugin's tcp_*() callbacks see it: input, output, pauses. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "conn_rig.h"

CONN_SUITE(conn);

/* ---- what is told when ---- */

Test(conn, tells_open_data_eof_drained_close_in_this_order)
{
	rig.handler.plugin.tcp_eof = tcp_eof;
	rig.handler.plugin.tcp_drained = tcp_drained;
	tcp.on_data = conn_echo;
	tcp.on_eof = portico_conn_close;
	conn_connect();
	rig_told("open");
	conn_says("one");
	rig_told("data:one drained");
	client_says(&tcp.client, "two");
	client_ends(&tcp.client);
	rig_turns(4);
	rig_told("data:two drained eof close");
	client_hears(&tcp.client, "onetwo");
	client_sees_the_end(&tcp.client);
}

Test(conn, a_plugin_may_go_on_writing_after_the_peers_end)
{
	rig.handler.plugin.tcp_eof = tcp_eof;
	conn_connect();
	client_ends(&tcp.client);
	rig_turns(3);
	rig_told("open eof");
	rig_sleeps();
	cr_assert_eq(portico_conn_write(tcp.conn, "more", 4), 4);
	portico_conn_close(tcp.conn);
	rig_turns(2);
	client_hears(&tcp.client, "more");
	client_sees_the_end(&tcp.client);
	rig_told("close");
}

Test(conn, without_an_eof_callback_it_closes_once_the_output_is_sent)
{
	tcp.on_data = conn_echo;
	conn_connect();
	client_says(&tcp.client, "bye");
	client_ends(&tcp.client);
	rig_turns(3);
	client_hears(&tcp.client, "bye");
	client_sees_the_end(&tcp.client);
	rig_told("open data:bye close");
}

Test(conn, without_a_data_callback_input_is_thrown_away)
{
	rig.handler.plugin.tcp_data = NULL;
	conn_connect();
	for (int i = 0; i < 10; i++)
		client_sends(&tcp.client, tcp.big, 50000);
	rig_turns(3);
	client_hears_nothing(&tcp.client);
	rig_sleeps();
}

static ssize_t use_two(struct portico_conn *c, const char *data, size_t len)
{
	(void)c;
	(void)data;
	return len < 2 ? 0 : 2;
}

Test(conn, what_is_left_comes_back_in_front_of_what_arrives_next)
{
	tcp.on_data = use_two;
	conn_connect();
	conn_says("abc");
	conn_says("d");
	rig_told("open data:abc data:cd");
}

Test(conn, knows_its_peer_and_its_service)
{
	struct portico_peer peer;

	conn_connect();
	portico_conn_peer(tcp.conn, &peer);
	cr_assert_eq(peer.len, sizeof(struct sockaddr_in));
	cr_assert_eq(memcmp(&peer.addr, &rig.peer, peer.len), 0);
	cr_assert_eq(portico_conn_service(tcp.conn), &rig.handler);
	cr_assert_not(portico_conn_is_tls(tcp.conn));
}

/* ---- output ---- */

Test(conn, takes_output_up_to_max_queue_and_tells_when_it_is_sent)
{
	rig.handler.plugin.tcp_drained = tcp_drained;
	conn_connect();
	cr_assert_eq(portico_conn_write(tcp.conn, tcp.big, sizeof(tcp.big)), (ssize_t)sizeof(tcp.big));
	cr_assert_gt(portico_conn_queued(tcp.conn), 0);
	ssize_t n;
	size_t written = sizeof(tcp.big);
	while ((n = portico_conn_write(tcp.conn, tcp.big, sizeof(tcp.big))) > 0)
		written += (size_t)n;
	cr_assert_eq(errno, ENOBUFS);
	rig_turns(2);
	cr_assert_eq(tcp.draineds, 0);
	while (tcp.client.got_len < written) {
		client_reads(&tcp.client);
		rig_turn();
	}
	rig_turns(2);
	cr_assert_eq(tcp.draineds, 1);
	cr_assert_eq(tcp.client.got_len, written);
	cr_assert_eq(portico_conn_queued(tcp.conn), 0);
}

Test(conn, may_be_written_from_elsewhere)
{
	conn_connect();
	cr_assert_eq(portico_conn_write(tcp.conn, "hello", 5), 5);
	cr_assert_eq(portico_conn_queued(tcp.conn), 5);
	rig_turns(2);
	client_hears(&tcp.client, "hello");
}

static ssize_t pause_here(struct portico_conn *c, const char *data, size_t len)
{
	(void)data;
	portico_conn_pause(c);
	return len > 1 ? 1 : 0;
}

Test(conn, paused_hears_nothing_and_resumed_gets_what_was_left)
{
	tcp.on_data = pause_here;
	conn_connect();
	conn_says("abc");
	conn_says("def");
	rig_sleeps();
	rig_told("open data:abc");
	tcp.on_data = NULL;
	portico_conn_resume(tcp.conn);
	rig_turns(3);
	rig_told("data:bc data:def");
}

static unsigned resumes;

static ssize_t pause_and_resume(struct portico_conn *c, const char *data, size_t len)
{
	(void)data;
	portico_conn_pause(c);
	portico_conn_resume(c);
	return resumes++ == 0 ? 1 : (ssize_t)len;
}

Test(conn, what_is_left_comes_again_after_a_resume_inside_data)
{
	tcp.on_data = pause_and_resume;
	conn_connect();
	conn_says("abc");
	rig_told("open data:abc data:bc");
	rig_sleeps();
}

static void write_nothing(struct portico_conn *c)
{
	cr_assert_eq(portico_conn_write(c, "", 0), 0);
}

Test(conn, writing_nothing_in_drained_does_not_spin)
{
	rig.handler.plugin.tcp_drained = tcp_drained;
	tcp.on_drained = write_nothing;
	tcp.on_data = conn_echo;
	conn_connect();
	conn_says("abc");
	rig_sleeps();
	cr_assert_eq(tcp.draineds, 1);
	client_hears(&tcp.client, "abc");
}
