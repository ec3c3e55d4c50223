/* SPDX-License-Identifier: MIT */
/*
 * conn.c - a TCP connection as a plugin's tcp_*() callbacks see it.
 *
 * In every test each connection that was opened starts with zeroed state and
 * is closed exactly once; tear_down() looks.
 */
#include "proto/conn.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdalign.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "portico.h"
#include "rig.h"

struct state {
	max_align_t first;
	bool        seen;
	char        rest[50];
};

static struct conn_site site;
static struct client client;
static struct portico_conn *conn;        /* the last one opened; NULL when closed */

static int     (*on_open)(struct portico_conn *);
static ssize_t (*on_data)(struct portico_conn *, const char *data, size_t len);
static void    (*on_eof)(struct portico_conn *);
static void    (*on_drained)(struct portico_conn *);
static void    (*on_close)(struct portico_conn *);

static bool telling = true;
static unsigned opened, closed, datas, draineds;
static char big[600 * 1024];

static int tcp_open(struct portico_conn *c)
{
	static const struct state zero;
	struct state *s = portico_conn_state(c);

	rig_enter();
	cr_assert_eq((uintptr_t)s % alignof(max_align_t), 0);
	cr_assert_eq(memcmp(s, &zero, sizeof(zero)), 0, "state is not zeroed");
	memset(s, 0xee, sizeof(*s));
	s->seen = true;
	opened++;
	conn = c;
	if (telling)
		rig_tell("open");
	int result = on_open ? on_open(c) : 0;
	rig_leave();
	return result;
}

static ssize_t tcp_data(struct portico_conn *c, const void *data, size_t len)
{
	rig_enter();
	datas++;
	cr_assert_gt(len, 0);
	if (telling)
		rig_tell("data:%.*s", len < 20 ? (int)len : 20, (const char *)data);
	ssize_t used = on_data ? on_data(c, data, len) : (ssize_t)len;
	rig_leave();
	return used;
}

static void tcp_eof(struct portico_conn *c)
{
	rig_enter();
	if (telling)
		rig_tell("eof");
	if (on_eof)
		on_eof(c);
	rig_leave();
}

static void tcp_drained(struct portico_conn *c)
{
	rig_enter();
	draineds++;
	if (telling)
		rig_tell("drained");
	if (on_drained)
		on_drained(c);
	rig_leave();
}

static void tcp_close(struct portico_conn *c)
{
	struct state *s = portico_conn_state(c);

	rig_enter();
	cr_assert(s->seen, "closed, but never opened");
	s->seen = false;
	closed++;
	if (conn == c)
		conn = NULL;
	if (telling)
		rig_tell("close");
	if (on_close)
		on_close(c);
	rig_leave();
}

static void set_up(void)
{
	static const struct conn_limits limits = {
		.max_input = 4096,
		.high_water = 64 * 1024,
		.max_queue = 1024 * 1024,
		.linger = 5.,
	};

	rig_up();
	rig.handler.plugin.conn_size = sizeof(struct state);
	rig.handler.plugin.tcp_open = tcp_open;
	rig.handler.plugin.tcp_data = tcp_data;
	rig.handler.plugin.tcp_close = tcp_close;
	conn_site_init(&site, &rig.hub, &rig.handler, &limits);
}

static void tear_down(void)
{
	conn_site_abort(&site);
	rig_turns(2);
	cr_assert_eq(closed, opened, "%u connections were opened, %u closed", opened, closed);
	conn_site_fini(&site);
	client_fini(&client);
	rig_down();
}

TestSuite(conn, .init = set_up, .fini = tear_down, .timeout = 60);

static void connect_client(void)
{
	client_fini(&client);
	rig_turns(3);
	conn_accept(&site, client_pair(&client, SOCK_STREAM), &rig.peer);
}

static void connect_tcp(void)
{
	client_fini(&client);
	rig_turns(3);
	conn_accept(&site, client_tcp(&client), &rig.peer);
}

static void says(const char *text)
{
	client_says(&client, text);
	rig_turns(3);
}

static ssize_t echo(struct portico_conn *c, const char *data, size_t len)
{
	return portico_conn_write(c, data, len);
}

/* ---- what is told when ---- */

Test(conn, tells_open_data_eof_drained_close_in_this_order)
{
	rig.handler.plugin.tcp_eof = tcp_eof;
	rig.handler.plugin.tcp_drained = tcp_drained;
	on_data = echo;
	on_eof = portico_conn_close;
	connect_client();
	rig_told("open");
	says("one");
	rig_told("data:one drained");
	client_says(&client, "two");
	client_ends(&client);
	rig_turns(4);
	rig_told("data:two drained eof close");
	client_hears(&client, "onetwo");
	client_sees_the_end(&client);
}

Test(conn, a_plugin_may_go_on_writing_after_the_peers_end)
{
	rig.handler.plugin.tcp_eof = tcp_eof;
	connect_client();
	client_ends(&client);
	rig_turns(3);
	rig_told("open eof");
	rig_sleeps();
	cr_assert_eq(portico_conn_write(conn, "more", 4), 4);
	portico_conn_close(conn);
	rig_turns(2);
	client_hears(&client, "more");
	client_sees_the_end(&client);
	rig_told("close");
}

Test(conn, without_an_eof_callback_it_closes_once_the_output_is_sent)
{
	on_data = echo;
	connect_client();
	client_says(&client, "bye");
	client_ends(&client);
	rig_turns(3);
	client_hears(&client, "bye");
	client_sees_the_end(&client);
	rig_told("open data:bye close");
}

Test(conn, without_a_data_callback_input_is_thrown_away)
{
	rig.handler.plugin.tcp_data = NULL;
	connect_client();
	for (int i = 0; i < 10; i++)
		client_sends(&client, big, 50000);
	rig_turns(3);
	client_hears_nothing(&client);
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
	on_data = use_two;
	connect_client();
	says("abc");
	says("d");
	rig_told("open data:abc data:cd");
}

Test(conn, knows_its_peer_and_its_service)
{
	struct portico_peer peer;

	connect_client();
	portico_conn_peer(conn, &peer);
	cr_assert_eq(peer.len, sizeof(struct sockaddr_in));
	cr_assert_eq(memcmp(&peer.addr, &rig.peer, peer.len), 0);
	cr_assert_eq(portico_conn_service(conn), &rig.handler);
	cr_assert_not(portico_conn_is_tls(conn));
}

/* ---- output ---- */

Test(conn, takes_output_up_to_max_queue_and_tells_when_it_is_sent)
{
	rig.handler.plugin.tcp_drained = tcp_drained;
	connect_client();
	cr_assert_eq(portico_conn_write(conn, big, sizeof(big)), (ssize_t)sizeof(big));
	cr_assert_gt(portico_conn_queued(conn), 0);
	ssize_t n;
	size_t written = sizeof(big);
	while ((n = portico_conn_write(conn, big, sizeof(big))) > 0)
		written += (size_t)n;
	cr_assert_eq(errno, ENOBUFS);
	rig_turns(2);
	cr_assert_eq(draineds, 0);
	while (client.got_len < written) {
		client_reads(&client);
		rig_turn();
	}
	rig_turns(2);
	cr_assert_eq(draineds, 1);
	cr_assert_eq(client.got_len, written);
	cr_assert_eq(portico_conn_queued(conn), 0);
}

Test(conn, may_be_written_from_elsewhere)
{
	connect_client();
	cr_assert_eq(portico_conn_write(conn, "hello", 5), 5);
	cr_assert_eq(portico_conn_queued(conn), 5);
	rig_turns(2);
	client_hears(&client, "hello");
}

static ssize_t pause_here(struct portico_conn *c, const char *data, size_t len)
{
	(void)data;
	portico_conn_pause(c);
	return len > 1 ? 1 : 0;
}

Test(conn, paused_hears_nothing_and_resumed_gets_what_was_left)
{
	on_data = pause_here;
	connect_client();
	says("abc");
	says("def");
	rig_sleeps();
	rig_told("open data:abc");
	on_data = NULL;
	portico_conn_resume(conn);
	rig_turns(3);
	rig_told("data:bc data:def");
}

/* ---- the end ---- */

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

Test(conn, may_be_refused_closed_or_aborted_in_open)
{
	site.kind.linger.span = 0.;
	on_open = refuse;
	connect_client();
	rig_turns(3);
	client_sees_the_end(&client);
	rig_told("open close");
	on_open = close_in_open;
	connect_client();
	rig_turns(3);
	client_hears(&client, "go away");
	client_sees_the_end(&client);
	rig_told("open close");
	on_open = abort_in_open;
	connect_tcp();
	rig_turns(3);
	client_reads(&client);
	cr_assert(client.reset);
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

Test(conn, aborted_in_data_hears_nothing_more_and_sends_a_reset)
{
	on_data = abort_in_data;
	connect_tcp();
	says("abc");
	client_reads(&client);
	cr_assert(client.reset);
	cr_assert_eq(client.got_len, 0);
	rig_told("open data:abc close");
}

static ssize_t fail(struct portico_conn *c, const char *data, size_t len)
{
	(void)data;
	(void)len;
	portico_conn_write(c, "bad", 3);
	return -1;
}

Test(conn, minus_one_from_data_closes_after_the_output_is_sent)
{
	on_data = fail;
	connect_client();
	says("abc");
	says("def");
	client_hears(&client, "bad");
	client_sees_the_end(&client);
	client_ends(&client);
	rig_turns(3);
	rig_told("open data:abc close");
}

Test(conn, after_a_write_error_comes_close_once)
{
	rig.handler.plugin.tcp_drained = tcp_drained;
	connect_tcp();
	client_dies(&client);
	rig_block(0.01);
	while (portico_conn_write(conn, big, 100000) > 0)
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

Test(conn, what_is_asked_in_close_has_no_effect)
{
	on_close = misuse;
	connect_client();
	client_ends(&client);
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

Test(conn, a_plugin_that_breaks_its_contract_is_cut_off)
{
	on_data = use_too_much;
	connect_tcp();
	says("abc");
	client_is_cut(&client);
	rig_told("open data:abc close");
	telling = false;
	on_data = use_nothing;
	connect_tcp();
	client_sends(&client, big, 2000);
	rig_turns(3);
	client_hears_nothing(&client);
	client_sends(&client, big, 8000);
	rig_turns(5);
	client_is_cut(&client);
}

Test(conn, an_idle_connection_is_closed)
{
	site.kind.idle.span = 0.03;
	connect_client();
	rig_pass(0.1);
	client_sees_the_end(&client);
	client_ends(&client);
	rig_turns(3);
	rig_told("open close");
}

Test(conn, a_peer_that_does_not_read_is_cut_off)
{
	site.kind.idle.span = 0.03;
	rig.handler.plugin.tcp_drained = tcp_drained;
	connect_client();
	cr_assert_gt(portico_conn_write(conn, big, sizeof(big)), 0);
	rig_pass(0.2);
	rig_told("open close");
}

/* ---- bugs that were ---- */

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
	on_data = pause_and_resume;
	connect_client();
	says("abc");
	rig_told("open data:abc data:bc");
	rig_sleeps();
}

static ssize_t fill_and_close(struct portico_conn *c, const char *data, size_t len)
{
	(void)data;
	cr_assert_geq(len, site.kind.max_input);
	cr_assert_eq(portico_conn_write(c, "last words", 10), 10);
	cr_assert_eq(portico_conn_write(c, big, sizeof(big)), -1);
	cr_assert_eq(errno, ENOBUFS);
	portico_conn_close(c);
	return 0;
}

Test(conn, closing_with_max_input_left_still_sends_the_output)
{
	telling = false;
	site.kind.max_queue = 64 * 1024;
	on_data = fill_and_close;
	connect_tcp();
	cr_assert_eq(send(client.fd, big, 8192, 0), 8192);
	for (int i = 0; i < 50 && !client.ended && !client.reset; i++) {
		rig_turn();
		client_reads(&client);
	}
	client_hears(&client, "last words");
	client_sees_the_end(&client);
	cr_assert_eq(datas, 1);
}

static void write_nothing(struct portico_conn *c)
{
	cr_assert_eq(portico_conn_write(c, "", 0), 0);
}

Test(conn, writing_nothing_in_drained_does_not_spin)
{
	rig.handler.plugin.tcp_drained = tcp_drained;
	on_drained = write_nothing;
	on_data = echo;
	connect_client();
	says("abc");
	rig_sleeps();
	cr_assert_eq(draineds, 1);
	client_hears(&client, "abc");
}

Test(conn, without_linger_a_close_is_a_close)
{
	site.kind.linger.span = 0.;
	connect_client();
	portico_conn_close(conn);
	rig_turns(2);
	client_sees_the_end(&client);
	rig_told("open close");
}

Test(conn, is_not_idle_with_what_came_while_the_loop_was_blocked)
{
	site.kind.idle.span = 0.02;
	on_data = echo;
	connect_client();
	rig_turn();
	client_says(&client, "abc");
	rig_block(0.05);
	site.kind.idle.span = 10.;
	rig_turns(3);
	client_hears(&client, "abc");
	cr_assert_not(client.ended);
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

Test(conn, a_resume_while_closing_does_not_spin)
{
	on_data = close_and_resume;
	connect_client();
	says("abc");
	rig_told("open data:abc");
	rig_sleeps();
}
