/* SPDX-License-Identifier: MIT */
/* ws_move.c - proto/ws_move.c: WebSockets that go on in another worker. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "portico.h"
#include "ws_rig.h"

WS_SUITE(ws_move);

static int given = -1;

static int ws_export(struct portico_socket *socket, struct portico_export *out)
{
	(void)socket;
	rig_tell("export");
	return portico_export_write(out, "7", 1);
}

static int give(void *arg, int fd, const struct parcel *p)
{
	(void)arg;
	cr_assert_eq(p->handler, &rig.handler);
	cr_assert(p->is_socket);
	cr_assert_eq(p->len, 1);
	given = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return 0;
}

static void hand_on(void)
{
	cr_assert_eq(http_site_hand_on(&http.site, give, NULL), 0);
	rig_turns(3);
}

static void begin(void)
{
	rig.handler.plugin.ws_export = ws_export;
	ws_shake();
}

static void goes(void)
{
	hand_on();
	rig_told("export close:0");
	cr_assert_geq(given, 0);
	client_hears_nothing(&http.client);
	cr_assert_not(http.client.ended);
	close(given);
}

static void stays(void)
{
	hand_on();
	rig_told("");
	cr_assert_eq(given, -1);
}

Test(ws_move, goes_between_two_messages)
{
	begin();
	SENDS("\x81\x81" M "a");
	HEARS("\x81\x01" "a");
	goes();
}

Test(ws_move, stays_without_a_word_of_its_handler)
{
	ws_shake();
	stays();
}

Test(ws_move, stays_within_a_frame_s_head)
{
	begin();
	SENDS("\x81");
	stays();
	SENDS("\x81" M "a");
	HEARS("\x81\x01" "a");
	goes();
}

Test(ws_move, stays_within_a_payload)
{
	begin();
	SENDS("\x81\x82" M "a");
	stays();
	SENDS("b");
	HEARS("\x81\x02" "ab");
	goes();
}

Test(ws_move, stays_between_fragments)
{
	begin();
	SENDS("\x01\x80" M);             /* an empty one: nothing of it is collected */
	stays();
	SENDS("\x80\x81" M "b");
	HEARS("\x81\x01" "b");
	goes();
}

Test(ws_move, stays_while_it_closes)
{
	begin();
	cr_assert_eq(portico_socket_close(ws.socket, 1000, NULL), 0);
	rig_turns(3);
	HEARS("\x88\x02\x03\xe8");
	stays();
	SENDS("\x88\x82" M "\x03\xe8");
	rig_told("close:1000");
}

static int imports;

static int ws_import(struct portico_socket *socket, uint32_t version, const void *data, size_t len)
{
	cr_assert_eq(version, 3);
	cr_assert_eq(len, 1);
	cr_assert_eq(memcmp(data, "7", 1), 0);
	*(bool *)portico_socket_state(socket) = true;   /* seen: of the rig's state */
	ws.accepted++;
	rig_tell("import");
	return imports;
}

static void arrives(void)
{
	rig.handler.plugin.ws_import = ws_import;
	client_fini(&http.client);
	rig_turns(3);
	rig_told("");
	http_continue(&http.site, client_pair(&http.client, SOCK_STREAM), &rig.peer, &rig.handler, 3,
		"7", 1);
	rig_turns(3);
	rig_told("import");
}

Test(ws_move, goes_on_where_it_came_to)
{
	arrives();
	SENDS("\x81\x81" M "a");
	HEARS("\x81\x01" "a");
	SENDS("\x88\x82" M "\x03\xe8");
	HEARS("\x88\x02\x03\xe8");
	rig_told("close:1000");
}

Test(ws_move, is_told_when_the_handler_refuses_it)
{
	imports = -1;
	arrives();
	HEARS("\x88\x02\x03\xf3");
	SENDS("\x88\x82" M "\x03\xf3");
	rig_told("close:1011");
}
