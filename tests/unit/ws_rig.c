/* SPDX-License-Identifier: MIT */
/*
 * ws_rig.c - what the tests of WebSockets share.
 */
#include "ws_rig.h"

#include <criterion/criterion.h>
#include <string.h>

#include "portico.h"

struct ws_rig ws;

struct state {
	bool seen;
	char rest[50];
};

int ws_accept(struct portico_request *r)
{
	static const struct state zero;
	int result = portico_websocket_accept(r, ws.protocol);
	struct portico_socket *socket = portico_request_socket(r);

	if (result < 0 || !socket)
		return result;
	struct state *s = portico_socket_state(socket);
	cr_assert_eq(memcmp(s, &zero, sizeof(zero)), 0, "state is not zeroed");
	memset(s, 0xee, sizeof(*s));
	s->seen = true;
	ws.socket = socket;
	ws.accepted++;
	return 0;
}

static int opened(struct portico_socket *socket)
{
	rig_enter();
	rig_tell("open");
	ws.opened++;
	int result = ws.on_open ? ws.on_open(socket) : 0;
	rig_leave();
	return result;
}

static int message(struct portico_socket *socket, int kind, const void *data, size_t len)
{
	const struct state *s = portico_socket_state(socket);

	rig_enter();
	cr_assert(s->seen);
	int result = ws.on_message ? ws.on_message(socket, kind, data, len)
				   : portico_socket_send(socket, kind, data, len);
	rig_leave();
	return result;
}

static void closed(struct portico_socket *socket, int code)
{
	struct state *s = portico_socket_state(socket);

	rig_enter();
	rig_tell("close:%d", code);
	cr_assert(s->seen, "closed twice");
	s->seen = false;
	ws.code = code;
	ws.closed++;
	if (ws.socket == socket)
		ws.socket = NULL;
	rig_leave();
}

void ws_set_up(void)
{
	http_set_up();
	rig.handler.plugin.socket_size = sizeof(struct state);
	rig.handler.plugin.ws_open = opened;
	rig.handler.plugin.ws_message = message;
	rig.handler.plugin.ws_close = closed;
	http.on_request = ws_accept;
	http.telling = false;
}

void ws_tear_down(void)
{
	http_tear_down();
	cr_assert_eq(ws.closed, ws.accepted, "%u were accepted, %u closed", ws.accepted,
		ws.closed);
}

void ws_shake(void)
{
	says(SHAKE);
	hears(SHAKEN);
	rig_told("open");
}

void ws_sends(const char *data, size_t len)
{
	client_sends(&http.client, data, len);
	rig_turns(3);
}

void ws_hears(const char *data, size_t len)
{
	struct client *c = &http.client;

	client_reads(c);
	bool same = c->got_len == len && (len == 0 || memcmp(c->got, data, len) == 0);
	cr_assert(same, "heard %zu bytes, wanted %zu", c->got_len, len);
	if (len > 0)
		client_forgets(c);
}

void ws_is_closed(int code)
{
	client_is_cut(&http.client);
	cr_assert_eq(ws.closed, 1);
	cr_assert_eq(ws.code, code, "%d", ws.code);
}
