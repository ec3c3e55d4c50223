/* SPDX-License-Identifier: MIT */
/* ws.c - the WebSocket connection: messages, pings, closes, deadlines, bounds. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "portico.h"
#include "proto/handler.h"
#include "sys/counts.h"
#include "ws_rig.h"

WS_SUITE(ws);

/* ---- messages ---- */

Test(ws, echoes_text_and_binary_whole_and_in_fragments)
{
	ws_shake();
	SENDS("\x81\x85" M "Hello");
	HEARS("\x81\x05Hello");
	SENDS("\x82\x80" M "\x81\x80" M);
	HEARS("\x82\x00\x81\x00");
	SENDS("\x01\x81" M "a" "\x89\x81" M "p" "\x00\x80" M "\x80\x82" M "bc");
	HEARS("\x8a\x01p\x81\x03" "abc");
	SENDS("\x8a\x81" M "x");
	HEARS("");
}

Test(ws, a_message_may_come_byte_by_byte)
{
	static const char bytes[] = "\x82\x84\x01\x02\x03\x04" "abcd" "\x01\x81" M "\xc3"
		"\x80\x81" M "\xa4";

	ws_shake();
	for (size_t i = 0; i < sizeof(bytes) - 1; i++)
		ws_sends(bytes + i, 1);
	HEARS("\x82\x04\x60\x60\x60\x60\x81\x02\xc3\xa4");
}

Test(ws, a_large_message_goes_out_uncopied)
{
	static char heard[100 * 1024 + 10];

	ws_shake();
	fill_large();
	cr_assert_eq(portico_socket_send(ws.socket, PORTICO_BINARY, large, 100 * 1024), 0);
	for (int i = 0; i < 20 && http.client.got_len < sizeof(heard); i++) {
		rig_turn();
		client_reads(&http.client);
	}
	memcpy(heard, "\x82\x7f\0\0\0\0\0\x01\x90\0", 10);
	memcpy(heard + 10, large, 100 * 1024);
	ws_hears(heard, sizeof(heard));
}

static int count(struct portico_socket *socket, int kind, const char *data, size_t len)
{
	(void)socket;
	rig_tell("%s:%.*s", kind == PORTICO_TEXT ? "text" : "binary", (int)len, data);
	return 0;
}

static int pause_after_one(struct portico_socket *socket, int kind, const char *data, size_t len)
{
	portico_socket_pause(socket);
	return count(socket, kind, data, len);
}

Test(ws, pause_holds_messages_back_and_resume_brings_them)
{
	ws_shake();
	ws.on_message = pause_after_one;
	SENDS("\x81\x81" M "a" "\x82\x81" M "b" "\x81\x81" M "c");
	rig_told("text:a");
	portico_socket_resume(ws.socket);
	rig_turns(3);
	rig_told("binary:b");
	ws.on_message = count;
	portico_socket_resume(ws.socket);
	rig_turns(3);
	rig_told("text:c");
}

/* ---- what the peer must not do ---- */

static unsigned slow_messages;

static int take_a_millisecond(struct portico_socket *socket, int kind, const char *data, size_t len)
{
	(void)socket;
	(void)kind;
	(void)data;
	(void)len;
	slow_messages++;
	rig_block(0.001);
	return 0;
}

/* And none of them is lost, though the peer's end is behind them. */
Test(ws, others_have_a_turn_between_many_messages)
{
	enum { MANY = 100, SIZE = 7 };
	char bytes[MANY * SIZE];

	ws_shake();
	ws.on_message = take_a_millisecond;
	for (int i = 0; i < MANY; i++)
		memcpy(bytes + i * SIZE, "\x81\x81" M "x", SIZE);
	cr_assert_eq(write(http.client.fd, bytes, sizeof(bytes)), (ssize_t)sizeof(bytes));
	rig_turn();
	cr_assert_gt(slow_messages, 0);
	cr_assert_lt(slow_messages, 20, "%u in one turn", slow_messages);
	cr_assert_eq(shutdown(http.client.fd, SHUT_WR), 0);
	rig_turns(MANY);
	cr_assert_eq(slow_messages, MANY);
	ws_is_closed(1006);
}

Test(ws, a_broken_rule_is_told_and_ends_it)
{
	static const struct { const char *sent; size_t len; const char *close; int code; } cases[] = {
		{ "\x81\x01" "a", 3, "\x88\x1b\x03\xea" "a frame without mask", 1002 },
		{ "\x81\x81" M "\xff", 7, "\x88\x18\x03\xef" "the text is not UTF-8", 1007 },
		{ "\x82\xfe\x03\xe9" M, 8, "\x88\x1b\x03\xf1" "the message is too big", 1009 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *text = cases[i].close + 4;
		char close[64];
		size_t len = strlen(text) + 2;

		close[0] = '\x88';
		close[1] = (char)len;
		memcpy(close + 2, cases[i].close + 2, len);
		ws_shake();
		ws_sends(cases[i].sent, cases[i].len);
		ws_hears(close, len + 2);
		cr_assert(http.client.ended);
		connect_again();
		cr_assert_eq(ws.code, cases[i].code);
		rig_told(cases[i].code == 1002 ? "close:1002" : cases[i].code == 1007 ? "close:1007"
			: "close:1009");
	}
	cr_assert_eq(http.site.kind.counts->errors[ERROR_PROTOCOL], 3);
}

Test(ws, a_message_of_many_fragments_is_bounded_too)
{
	static char fragment[] = "\x02\xfe\x01\xf4" M "....................";
	static char block[8 + 500];

	ws_shake();
	memcpy(block, fragment, 8);
	ws_sends(block, sizeof(block));
	block[0] = 0;
	ws_sends(block, sizeof(block));
	HEARS("");
	SENDS("\x80\x81" M "x");
	client_reads(&http.client);
	cr_assert_eq(memcmp(http.client.got, "\x88\x18\x03\xf1", 4), 0);
	client_forgets(&http.client);
	cr_assert(http.client.ended);
}

/* ---- closing ---- */

Test(ws, answers_a_close_with_its_code)
{
	ws_shake();
	SENDS("\x88\x85" M "\x03\xe8" "bye" "\x81\x81" M "x");
	HEARS("\x88\x02\x03\xe8");
	ws_is_closed(1000);
}

Test(ws, answers_a_close_without_a_code)
{
	ws_shake();
	SENDS("\x88\x80" M);
	HEARS("\x88\x00");
	ws_is_closed(1005);
}

Test(ws, an_end_without_a_close_is_1006)
{
	ws_shake();
	SENDS("\x81\x85" M "Hel");
	client_ends(&http.client);
	rig_turns(3);
	HEARS("");
	ws_is_closed(1006);
}

static int close_it(struct portico_socket *socket, int kind, const char *data, size_t len)
{
	(void)kind;
	(void)data;
	(void)len;
	cr_assert_eq(portico_socket_close(socket, 4001, "so long"), 0);
	cr_assert_eq(portico_socket_close(socket, 4001, ""), -1);
	cr_assert_eq(errno, EPIPE);
	cr_assert_eq(portico_socket_send_text(socket, "more"), -1);
	cr_assert_eq(errno, EPIPE);
	return 0;
}

Test(ws, our_close_waits_for_theirs)
{
	ws_shake();
	ws.on_message = close_it;
	SENDS("\x81\x80" M "\x81\x81" M "x");
	HEARS("\x88\x09\x0f\xa1so long");
	cr_assert_eq(ws.closed, 0);
	SENDS("\x82\x83" M "abc" "\x89\x80" M);          /* they had not heard it yet */
	HEARS("");
	SENDS("\x88\x82" M "\x0f\xa1");
	HEARS("");
	ws_is_closed(4001);
}

Test(ws, our_close_hears_theirs_though_it_was_paused)
{
	ws_shake();
	portico_socket_pause(ws.socket);
	SENDS("\x82\x83" M "abc");
	cr_assert_eq(portico_socket_close(ws.socket, 1000, NULL), 0);
	rig_turns(3);
	HEARS("\x88\x02\x03\xe8");
	SENDS("\x88\x82" M "\x03\xe8");
	ws_is_closed(1000);
}

static int abort_it(struct portico_socket *socket, int kind, const char *data, size_t len)
{
	portico_socket_abort(socket);
	cr_assert_eq(portico_socket_send_text(socket, "more"), -1);
	cr_assert_eq(errno, EPIPE);
	return count(socket, kind, data, len);
}

Test(ws, abort_ends_it_at_once)
{
	ws_shake();
	ws.on_message = abort_it;
	SENDS("\x81\x81" M "a" "\x81\x81" M "b");
	HEARS("");
	ws_is_closed(1006);
	rig_told("text:a close:1006");
}

Test(ws, our_close_does_not_wait_for_ever)
{
	ws_shake();
	http.site.sockets.answers.span = .2;
	ws.on_message = close_it;
	SENDS("\x81\x80" M);
	HEARS("\x88\x09\x0f\xa1so long");
	for (int i = 0; i < 4; i++) {            /* what they say does not prolong it */
		client_says(&http.client, "\x8a\x81zzzzz");
		rig_pass(.03);
	}
	cr_assert_eq(ws.closed, 0);
	rig_pass(.15);
	ws_is_closed(1006);
	cr_assert_eq(http.site.kind.counts->errors[ERROR_TIMEOUT], 1);
}

Test(ws, closes_that_cannot_be_said_are_refused)
{
	static const int codes[] = { -1, 0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 66536 };
	char reason[125];

	ws_shake();
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		errno = 0;
		cr_assert_eq(portico_socket_close(ws.socket, codes[i], ""), -1, "%d", codes[i]);
		cr_assert_eq(errno, EINVAL);
	}
	memset(reason, 'x', 124);
	reason[124] = '\0';
	cr_assert_eq(portico_socket_close(ws.socket, 1000, reason), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(portico_socket_close(ws.socket, 1000, "\xff"), -1);
	reason[123] = '\0';
	cr_assert_eq(portico_socket_close(ws.socket, 1000, reason), 0);
}

/* ---- handlers that fail, and what they must not send ---- */

static int fail_message(struct portico_socket *socket, int kind, const char *data, size_t len)
{
	(void)socket;
	(void)kind;
	(void)data;
	(void)len;
	return -1;
}

static int fail_open(struct portico_socket *socket)
{
	(void)socket;
	return -1;
}

Test(ws, a_handler_that_fails_closes_with_1011)
{
	ws_shake();
	ws.on_message = fail_message;
	SENDS("\x81\x80" M);
	HEARS("\x88\x02\x03\xf3");
	SENDS("\x88\x82" M "\x03\xf3");
	ws_is_closed(1011);
	connect_again();
	ws.on_open = fail_open;
	says(SHAKE);
	ws_hears(SHAKEN "\x88\x02\x03\xf3", sizeof(SHAKEN) + 3);
}

Test(ws, only_what_the_rfc_allows_is_sent)
{
	ws_shake();
	cr_assert_eq(portico_socket_send(ws.socket, PORTICO_TEXT, "\xff", 1), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(portico_socket_send(ws.socket, 0, "a", 1), -1);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(portico_socket_send(ws.socket, 8, "", 0), -1);
	cr_assert_eq(errno, EINVAL);
	rig_turns(2);
	HEARS("");
}

/* ---- silence ---- */

Test(ws, a_silent_peer_is_pinged_and_then_cut)
{
	http.site.sockets.silence.span = .1;
	ws_shake();
	rig_pass(.15);
	HEARS("\x89\x00");
	SENDS("\x8a\x80" M);
	rig_pass(.08);
	HEARS("");
	cr_assert_eq(ws.closed, 0, "it has answered");
	rig_pass(.08);
	HEARS("\x89\x00");
	rig_pass(.15);
	HEARS("");
	ws_is_closed(1006);
	cr_assert_eq(http.site.kind.counts->errors[ERROR_TIMEOUT], 1);
}

Test(ws, a_peer_that_is_paused_is_not_blamed_for_its_silence)
{
	http.site.sockets.silence.span = .05;
	ws_shake();
	portico_socket_pause(ws.socket);
	rig_pass(.2);
	HEARS("");
	cr_assert_eq(ws.closed, 0);
}

Test(ws, without_ping_it_may_be_silent)
{
	http.site.kind.idle.span = .05;
	ws_shake();
	rig_pass(.2);
	HEARS("");
	cr_assert_eq(ws.closed, 0);
	rig_sleeps();
}

/* ---- a peer that does not read ---- */

static unsigned drained;

static void on_drained(struct portico_socket *socket)
{
	(void)socket;
	drained++;
}

Test(ws, output_is_bounded_and_its_end_is_told)
{
	size_t sent = 0;

	rig.handler.plugin.ws_drained = on_drained;
	ws_shake();
	while (portico_socket_send(ws.socket, PORTICO_BINARY, large, 64 * 1024) == 0)
		sent += 64 * 1024 + 10;
	cr_assert_eq(errno, ENOBUFS);
	cr_assert_leq(portico_socket_queued(ws.socket), 1024 * 1024);
	rig_turns(2);
	cr_assert_eq(drained, 0);
	for (int i = 0; i < 1000 && http.client.got_len < sent; i++) {
		client_reads(&http.client);
		rig_turn();
	}
	cr_assert_eq(http.client.got_len, sent);
	rig_turns(2);
	cr_assert_eq(drained, 1);
	client_forgets(&http.client);
	SENDS("\x81\x81" M "x");
	HEARS("\x81\x01x");
	cr_assert_eq(drained, 2);
}

Test(ws, a_peer_that_pings_and_does_not_read_is_not_read_from)
{
	static char pings[120 * 500];
	size_t sent = 0;
	ssize_t n;

	ws_shake();
	for (size_t i = 0; i < sizeof(pings); i += 120)
		memcpy(pings + i, "\x89\xf2" M, 6);
	do {
		n = send(http.client.fd, pings, sizeof(pings), MSG_DONTWAIT);
		sent += n > 0 ? (size_t)n : 0;
		if (n > 0 && (size_t)n < sizeof(pings))
			break;           /* cut inside a frame: no more whole ones */
		rig_turns(2);
	} while (n > 0 && sent < 50u << 20);
	cr_assert_lt(sent, 20u << 20);
	cr_assert_leq(portico_socket_queued(ws.socket), 512 * 1024);
	cr_assert_eq(ws.closed, 0);
}

/* ---- the end of the service ---- */

Test(ws, at_the_end_of_the_service_the_last_word_is_1001)
{
	ws_shake();
	http_site_drain(&http.site, .01);
	rig_pass(.05);
	SENDS("\x81\x81" M "x");
	HEARS("\x81\x01x");
	http_site_abort(&http.site);
	rig_turns(2);
	HEARS("\x88\x02\x03\xe9");
	ws_is_closed(1001);
}
