/* SPDX-License-Identifier: MIT */
/* conn_move.c - proto/conn_move.c: TCP connections that go on in another worker. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "conn_rig.h"

CONN_SUITE(conn_move);

static int      exports;                 /* what tcp_export() gives */
static size_t   writes;                  /* bytes that it writes */
static int      gives;                   /* what give() gives */
static int      given = -1;              /* the descriptor */
static char     what[PARCEL_MOST + 1];
static size_t   what_len;
static bool     told_handed_on;
static void   (*on_export)(struct portico_conn *);

static int tcp_export(struct portico_conn *c, struct portico_export *out)
{
	static const char state[PARCEL_MOST + 1] = "state";

	rig_enter();
	rig_tell("export");
	if (on_export)
		on_export(c);
	int result = portico_export_write(out, state, writes);
	cr_assert_eq(result, writes > PARCEL_MOST ? -1 : 0);
	cr_assert(result == 0 || errno == EFBIG);
	rig_leave();
	return exports;
}

static int give(void *arg, int fd, const struct parcel *p)
{
	cr_assert_eq(arg, &gives);
	cr_assert_eq(p->handler, &rig.handler);
	cr_assert_not(p->is_socket);
	cr_assert(addr_equal(p->peer, &rig.peer));
	if (gives < 0)
		return -1;
	given = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	memcpy(what, p->data, p->len);
	what_len = p->len;
	return 0;
}

static void look(struct portico_conn *c)
{
	told_handed_on = portico_conn_handed_on(c);
}

static void begin(void)
{
	rig.handler.plugin.tcp_export = tcp_export;
	tcp.on_close = look;
	writes = 5;
	conn_connect();
	conn_says("a");
	rig_told("open data:a");
}

static int hand_on(void)
{
	int result = conn_site_hand_on(&tcp.site, give, &gives);

	rig_turns(3);
	return result;
}

static void stays(const char *story)
{
	cr_assert_eq(hand_on(), 0);
	rig_told(story);
	cr_assert_eq(given, -1);
	cr_assert_not_null(tcp.conn);
}

Test(conn_move, goes_with_what_the_handler_wrote)
{
	begin();
	cr_assert_eq(hand_on(), 0);
	rig_told("export close");
	cr_assert(told_handed_on);
	cr_assert_geq(given, 0);
	cr_assert_eq(what_len, 5);
	cr_assert_eq(memcmp(what, "state", 5), 0);
	client_hears_nothing(&tcp.client);
	cr_assert_not(tcp.client.ended);
	close(given);
	client_sees_the_end(&tcp.client);
}

static void say_goodbye(struct portico_conn *c)
{
	cr_assert(portico_conn_handed_on(c));
	cr_assert_eq(portico_conn_write(c, "bye", 3), -1);
	cr_assert_eq(errno, EPIPE);
	cr_assert_eq(portico_conn_write(c, tcp.big, sizeof(tcp.big)), -1);
	portico_conn_abort(c);
}

Test(conn_move, is_another_s_once_it_is_gone)
{
	begin();
	tcp.on_close = say_goodbye;
	cr_assert_eq(hand_on(), 0);
	rig_told("export close");
	client_hears_nothing(&tcp.client);
	close(given);
	client_sees_the_end(&tcp.client);
}

Test(conn_move, stays_when_the_handler_has_no_word_for_it)
{
	conn_connect();
	rig_told("open");
	stays("");
	portico_conn_close(tcp.conn);
	tcp.on_close = look;
	client_ends(&tcp.client);
	rig_turns(3);
	rig_told("close");
	cr_assert_not(told_handed_on);
}

Test(conn_move, stays_when_the_handler_says_so)
{
	begin();
	exports = -1;
	stays("export");
	stays("export");
	exports = 0;
	cr_assert_eq(hand_on(), 0);
	rig_told("export close");
	close(given);
}

Test(conn_move, stays_when_too_much_is_written)
{
	begin();
	writes = PARCEL_MOST + 1;
	stays("export");
	writes = PARCEL_MOST;
	cr_assert_eq(hand_on(), 0);
	cr_assert_eq(what_len, PARCEL_MOST);
	rig_told("export close");
	close(given);
}

Test(conn_move, stays_while_nobody_takes_it)
{
	begin();
	gives = -1;
	cr_assert_eq(hand_on(), -1);
	rig_told("export");
	cr_assert_not_null(tcp.conn);
	conn_says("b");
	rig_told("data:b");
}

static ssize_t leaves_all(struct portico_conn *c, const char *data, size_t len)
{
	(void)c, (void)data, (void)len;
	return 0;
}

Test(conn_move, stays_while_input_is_unused)
{
	begin();
	tcp.on_data = leaves_all;
	conn_says("half");
	rig_told("data:half");
	stays("");
	tcp.on_data = NULL;
	conn_says("!");
	rig_told("data:half!");
	cr_assert_eq(hand_on(), 0);
	rig_told("export close");
	close(given);
}

Test(conn_move, stays_while_it_is_paused_or_over)
{
	begin();
	portico_conn_pause(tcp.conn);
	rig_turns(2);
	stays("");
	portico_conn_resume(tcp.conn);
	rig_turns(2);
	rig.handler.plugin.tcp_eof = tcp_eof;
	client_ends(&tcp.client);
	rig_turns(2);
	rig_told("eof");
	stays("");
}

Test(conn_move, stays_while_output_is_unsent)
{
	begin();
	cr_assert_gt(portico_conn_write(tcp.conn, tcp.big, sizeof(tcp.big)), 0);
	rig_turns(3);
	cr_assert_gt(portico_conn_queued(tcp.conn), 0);
	stays("");
	while (portico_conn_queued(tcp.conn) > 0) {
		client_reads(&tcp.client);
		client_forgets(&tcp.client);
		rig_turn();
	}
	rig_turns(2);
	cr_assert_eq(hand_on(), 0);
	rig_told("export close");
	close(given);
}

static void writes_some(struct portico_conn *c)
{
	portico_conn_write(c, "bye", 3);
}

static void closes(struct portico_conn *c)
{
	portico_conn_close(c);
}

Test(conn_move, stays_when_it_is_written_to_or_closed_meanwhile)
{
	begin();
	on_export = writes_some;
	stays("export");
	client_hears(&tcp.client, "bye");
	on_export = closes;
	cr_assert_eq(hand_on(), 0);
	client_sees_the_end(&tcp.client);
	client_fini(&tcp.client);
	rig_turns(3);
	rig_told("export close");
	cr_assert_eq(given, -1);
}

/* ---- the other side ---- */

static int imports;

static int tcp_import(struct portico_conn *c, uint32_t version, const void *data, size_t len)
{
	rig_enter();
	int result = rig.handler.plugin.tcp_open == NULL ? -1 : 0;
	cr_assert_eq(result, 0);
	cr_assert_eq(version, 3);
	cr_assert_eq(len, 5);
	cr_assert_eq(memcmp(data, "state", 5), 0);
	rig_leave();
	rig.handler.plugin.tcp_open(c);          /* the rig's: state was zeroed, and it is counted */
	return imports;
}

static void arrives(void)
{
	rig.handler.plugin.tcp_import = tcp_import;
	conn_continue(&tcp.site, client_pair(&tcp.client, SOCK_STREAM), &rig.peer, 3, "state", 5);
	rig_turns(3);
}

Test(conn_move, goes_on_with_what_the_peer_said_meanwhile)
{
	tcp.on_data = conn_echo;
	arrives();
	rig_told("open");
	conn_says("more");
	rig_told("data:more");
	client_hears(&tcp.client, "more");
}

Test(conn_move, is_closed_when_the_handler_refuses_it)
{
	imports = -1;
	arrives();
	client_sees_the_end(&tcp.client);
	client_fini(&tcp.client);
	rig_turns(3);
	rig_told("open close");
}
