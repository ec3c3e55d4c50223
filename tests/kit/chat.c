/* SPDX-License-Identifier: MIT */
/*
 * chat.c - examples/chat.c under the test kit: WebSockets.
 */
#include <criterion/criterion.h>
#include <portico/test.h>
#include <string.h>

#include "rig.h"

TestSuite(kit_chat, .timeout = 60);

static struct portico_test_client *guest(struct portico_test *t)
{
	struct portico_test_client *c = portico_test_connect(t, NULL);

	cr_assert(portico_test_upgrade(c, "/", NULL));
	return c;
}

static void hears(struct portico_test_client *c, const char *text)
{
	struct portico_test_message *m = portico_test_message(c);

	cr_assert_not_null(m, "nothing came in place of '%s'", text);
	cr_assert_eq(m->kind, PORTICO_TEXT);
	cr_assert_str_eq(m->data, text);
}

static void hears_close(struct portico_test_client *c, int code, const char *reason)
{
	struct portico_test_message *m = portico_test_message(c);

	cr_assert_not_null(m);
	cr_assert_eq(m->kind, 0);
	cr_assert_eq(m->code, code);
	cr_assert_str_eq(m->data, reason);
}

Test(kit_chat, everybody_hears_what_anybody_says)
{
	struct portico_test *t = portico_test_new(.file = example("chat"));
	struct portico_test_client *a = guest(t), *b = guest(t);

	hears(a, "guest 1 is here");
	hears(a, "guest 2 is here");
	hears(b, "guest 2 is here");
	portico_test_socket_say(a, "h\xc3\xa9llo");
	hears(a, "guest 1: h\xc3\xa9llo");
	hears(b, "guest 1: h\xc3\xa9llo");
	portico_test_socket_close(b, 1000, "bye");
	hears_close(b, 1000, "");
	cr_assert_eq(portico_test_state(b), PORTICO_TEST_ENDED);
	hears(a, "guest 2 has left (1000)");
	portico_test_leave(a);
	portico_test_end(t);
}

Test(kit_chat, the_room_may_be_of_all_workers)
{
	struct portico_test *t = portico_test_new(.file = example("chat"),
		.service = "publish = 256k\ntable = 256k\n");
	struct portico_test_client *a = guest(t), *b = guest(t);

	hears(a, "guest 1 is here");
	hears(a, "guest 2 is here");
	portico_test_socket_say(b, "hello");
	hears(a, "guest 2: hello");
	cr_assert_eq(portico_test_number(t, "portico_missed_messages"), 0.);
	portico_test_end(t);
}

Test(kit_chat, refuses_what_it_does_not_want)
{
	struct portico_test *t = portico_test_new(.file = example("chat"), .settings = "max_line = 10\n");
	struct portico_test_client *a = guest(t), *b = guest(t);

	portico_test_socket_send(a, PORTICO_BINARY, "x", 1);
	portico_test_socket_say(b, "longer than that");
	hears(a, "guest 1 is here");
	hears(a, "guest 2 is here");
	hears_close(a, 1003, "text only");
	hears(b, "guest 2 is here");
	hears(b, "guest 1 has left (1003)");
	hears_close(b, 1009, "too long a line");
	portico_test_end(t);
}

Test(kit_chat, lets_no_other_page_speak)
{
	struct portico_test *t = portico_test_new(.file = example("chat"));
	struct portico_test_client *c = portico_test_connect(t, NULL);

	portico_test_request(c, "GET", "/", "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Origin: https://evil.example\r\n", NULL, 0);
	cr_assert_eq(portico_test_reply(c)->status, 403);
	cr_assert_str_eq(portico_test_field(portico_test_get(t, "/"), "Content-Type"),
		"text/html; charset=utf-8");
	portico_test_end(t);
}

Test(kit_chat, pings_who_is_silent_and_sends_all_away_at_its_end)
{
	struct portico_test *t = portico_test_new(.file = example("chat"), .service = "ws_ping = 20s\n");
	struct portico_test_client *a = guest(t), *b = guest(t);

	hears(a, "guest 1 is here");
	hears(a, "guest 2 is here");
	hears(b, "guest 2 is here");
	portico_test_advance(t, 3600.);
	cr_assert_eq(portico_test_state(a), PORTICO_TEST_OPEN);
	cr_assert_null(portico_test_message(a));
	portico_test_stop_reading(b);            /* so it sees no ping */
	portico_test_advance(t, 60.);
	hears(a, "guest 2 has left (1006)");
	portico_test_drain(t);
	hears_close(a, 1001, "the room is closed");
	cr_assert_eq(portico_test_state(a), PORTICO_TEST_ENDED);
	portico_test_end(t);
}

/* Who does not read is asked to leave, and the others do not wait for it. */
Test(kit_chat, leaves_nobody_waiting_for_who_does_not_read)
{
	struct portico_test *t = portico_test_new(.file = example("chat"),
		.service = "max_queue = 64k\n");
	struct portico_test_client *a = guest(t), *deaf = guest(t);
	char line[1001] = {0};
	unsigned heard = 0;

	memset(line, 'x', sizeof(line) - 1);
	portico_test_stop_reading(deaf);
	for (int i = 0; i < 200; i++)
		portico_test_socket_say(a, line);
	cr_assert_eq(portico_test_state(deaf), PORTICO_TEST_CUT);
	for (struct portico_test_message *m; (m = portico_test_message(a));)
		heard += m->len > 1000;
	cr_assert_eq(heard, 200);
	portico_test_end(t);
}

/* Frames whose mask is zero are as they read: a text in two fragments with a ping between, a close. */
Test(kit_chat, hears_the_same_however_frames_are_cut)
{
	static const char talk[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
		"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
		"\x01\x82\0\0\0\0h\xc3" "\x89\x81\0\0\0\0?" "\x80\x82\0\0\0\0\xa9!"
		"\x88\x82\0\0\0\0\x03\xe8";

	portico_test_every_cut(talk, sizeof(talk) - 1, .file = example("chat"));
}
