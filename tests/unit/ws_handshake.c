/* SPDX-License-Identifier: MIT */
/* ws_handshake.c - from a request to a WebSocket (RFC 6455, 4.2), and what is refused. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "portico.h"
#include "ws_rig.h"

WS_SUITE(ws_handshake);

#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"
#define UP "Connection: Upgrade\r\nUpgrade: websocket\r\n"
#define OFFER TEXT("426 Upgrade Required", "30", UP, "this is for WebSocket clients\n")
#define VERSION TEXT("426 Upgrade Required", "33", UP V13, "the WebSocket version must be 13\n")
#define BAD_KEY TEXT("400 Bad Request", "22", "", "bad Sec-WebSocket-Key\n")
#define GET_WITH(fields) "GET /a HTTP/1.1\r\nHost: x\r\n" fields "\r\n"

Test(ws_handshake, answers_as_the_rfc_has_it)
{
	ws_shake();
	cr_assert_eq(http.done, 1, "the request is done");
}

Test(ws_handshake, takes_every_spelling_that_is_allowed)
{
	static const char *const spellings[] = {
		GET_WITH("connection: keep-alive, Upgrade\r\nupgrade: WebSocket\r\n" KEY V13),
		GET_WITH("Connection: ,uPGRADE\t,\r\nUpgrade: h2c, websocket\r\n" KEY V13),
		GET_WITH("Connection: a\r\nConnection: upgrade\r\nUpgrade: x/1\r\nUpgrade: websocket\r\n"
			KEY V13),
	};

	for (size_t i = 0; i < sizeof(spellings) / sizeof(*spellings); i++) {
		says(spellings[i]);
		hears(SHAKEN);
		connect_again();
	}
}

Test(ws_handshake, refuses_what_is_none_and_goes_on)
{
	static const struct { const char *says, *hears; } cases[] = {
		{ GET_WITH(""), OFFER },
		{ GET_WITH("Connection: Upgrade\r\n" KEY V13), OFFER },
		{ GET_WITH("Upgrade: websocket\r\n" KEY V13), OFFER },
		{ GET_WITH("Connection: Upgrade\r\nUpgrade: websocket/13\r\n" KEY V13), OFFER },
		{ GET_WITH("Connection: Upgrade\r\nUpgrade: websockets\r\n" KEY V13), OFFER },
		{ GET_WITH(UP KEY), VERSION },
		{ GET_WITH(UP KEY "Sec-WebSocket-Version: 8\r\n"), VERSION },
		{ GET_WITH(UP KEY "Sec-WebSocket-Version: 013\r\n"), VERSION },
		{ GET_WITH(UP KEY "Sec-WebSocket-Version: 13, 8\r\n"), VERSION },
		{ GET_WITH(UP KEY V13 V13), VERSION },
		{ GET_WITH(UP V13), BAD_KEY },
		{ GET_WITH(UP V13 KEY KEY), BAD_KEY },
		{ GET_WITH(UP V13 "Sec-WebSocket-Key: \r\n"), BAD_KEY },
		{ GET_WITH(UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n"), BAD_KEY },
		{ GET_WITH(UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ===\r\n"), BAD_KEY },
		{ GET_WITH(UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAA\r\n"), BAD_KEY },
		{ GET_WITH(UP V13 "Sec-WebSocket-Key: dGhlIHNhbXBs-SBub25jZQ==\r\n"), BAD_KEY },
		{ "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n" UP KEY V13 "\r\n",
		  TEXT("405 Method Not Allowed", "28", "Allow: GET\r\n", "a WebSocket begins with GET\n") },
		{ GET_WITH(UP KEY V13 "Content-Length: 1\r\n") "x",
		  TEXT("400 Bad Request", "24", "", "a handshake with a body\n") },
		{ "GET /a HTTP/1.0\r\nHost: x\r\n" UP KEY V13 "\r\n",
		  TEXT("426 Upgrade Required", "30", "Connection: close\r\n" UP,
			"this is for WebSocket clients\n") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		says(cases[i].says);
		hears(cases[i].hears);
	}
	cr_assert_eq(ws.accepted, 0);
}

static int offer(struct portico_request *r)
{
	cr_assert(portico_websocket_asked(r));
	cr_assert(portico_websocket_offers(r, "chat"));
	cr_assert(portico_websocket_offers(r, "v2.chat"));
	cr_assert_not(portico_websocket_offers(r, "Chat"), "its case counts");
	cr_assert_not(portico_websocket_offers(r, "cha"));
	cr_assert_not(portico_websocket_offers(r, ""));
	ws.protocol = "nothing";
	errno = 0;
	cr_assert_eq(ws_accept(r), -1);
	cr_assert_eq(errno, EINVAL, "nobody offered it");
	cr_assert_null(portico_request_socket(r));
	ws.protocol = "v2.chat";
	cr_assert_eq(portico_reply_header(r, "Set-Cookie", "a=b"), 0);
	return ws_accept(r);
}

Test(ws_handshake, a_protocol_is_one_that_was_offered)
{
	http.on_request = offer;
	says(SHAKE_WITH("Sec-WebSocket-Protocol: superchat, chat\r\nSec-WebSocket-Protocol: v2.chat\r\n"));
	hears(SHAKEN_WITH("Sec-WebSocket-Protocol: v2.chat\r\nSet-Cookie: a=b\r\n"));
}

static int twice(struct portico_request *r)
{
	cr_assert_eq(ws_accept(r), 0);
	cr_assert_eq(portico_websocket_accept(r, NULL), -1);
	cr_assert_eq(errno, EALREADY);
	cr_assert_eq(portico_reply_text(r, 200, "no"), -1);
	cr_assert_eq(errno, EALREADY);
	cr_assert_eq(portico_socket_send_text(ws.socket, "early"), -1);
	cr_assert_eq(errno, ENOTCONN);
	cr_assert_eq(portico_socket_close(ws.socket, 1000, NULL), -1);
	cr_assert_eq(errno, ENOTCONN);
	return 0;
}

Test(ws_handshake, is_the_only_reply)
{
	http.on_request = twice;
	ws_shake();
}

Test(ws_handshake, needs_a_handler_that_takes_messages)
{
	rig.handler.plugin.ws_message = NULL;
	says(SHAKE);
	hears(ERROR("500 Internal Server Error", "46", "the handler failed"));
}

Test(ws_handshake, may_be_accepted_early_late_and_with_frames_behind_it)
{
	rig.handler.plugin.http_begin = rig_begin;
	http.on_begin = ws_accept;
	ws_sends(SHAKE "\x81\x82" M "ab", sizeof(SHAKE "\x81\x82" M "ab") - 1);
	ws_hears(SHAKEN "\x81\x02" "ab", sizeof(SHAKEN "\x81\x02" "ab") - 1);
	connect_again();
	http.on_begin = NULL;
	http.on_request = later;
	ws_sends(SHAKE "\x81\x82" M "ab", sizeof(SHAKE "\x81\x82" M "ab") - 1);
	HEARS("");
	cr_assert_eq(ws_accept(http.held), 0);
	rig_turns(3);
	ws_hears(SHAKEN "\x81\x02" "ab", sizeof(SHAKEN "\x81\x02" "ab") - 1);
}

Test(ws_handshake, a_client_that_is_gone_before_is_closed_all_the_same)
{
	http.on_request = later;
	says(SHAKE);
	cr_assert_eq(ws_accept(http.held), 0);
	portico_conn_abort(portico_request_conn(http.held));
	rig_turns(3);
	cr_assert_eq(ws.opened, 0);
	cr_assert_eq(ws.closed, 1);
	cr_assert_eq(ws.code, 1006);
	cr_assert_eq(http.done, 1);
}

Test(ws_handshake, a_client_that_has_said_all_is_closed_at_once)
{
	http.on_request = later;
	says(SHAKE);
	client_ends(&http.client);
	rig_turns(3);
	cr_assert_eq(ws_accept(http.held), 0);
	rig_turns(3);
	hears(SHAKEN);
	ws_is_closed(1006);
	rig_told("open close:1006");
}

Test(ws_handshake, comes_after_other_requests_of_the_connection)
{
	http.on_request = NULL;
	says(GET("/a"));
	hears(OK_A);
	http.on_request = ws_accept;
	ws_shake();
}
