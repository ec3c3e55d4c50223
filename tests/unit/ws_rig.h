/* SPDX-License-Identifier: MIT */
/*
 * ws_rig.h - what the tests of WebSockets share: the rig of HTTP, whose handler accepts
 * every request, and a client that speaks frames with a mask of zeros.
 *
 * In every test each socket that was accepted starts with zeroed state and is closed
 * exactly once; ws_tear_down() looks.
 */
#ifndef PORTICO_UNIT_WS_RIG_H
#define PORTICO_UNIT_WS_RIG_H

#include <stddef.h>

#include "http_rig.h"

#define WS_SUITE(name)                                                       \
	TestSuite(name, .init = ws_set_up, .fini = ws_tear_down, .timeout = 60)

/* The handshake of RFC 6455, 1.2. */
#define SHAKE_WITH(more)                                                     \
	"GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"            \
	"Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" \
	"Sec-WebSocket-Version: 13\r\n" more "\r\n"
#define SHAKE SHAKE_WITH("")
#define SHAKEN_WITH(more)                                                    \
	"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"        \
	"Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" \
	more "\r\n"
#define SHAKEN SHAKEN_WITH("")

#define M "\0\0\0\0"

struct ws_rig {
	const char *protocol;            /* what accept is called with */
	int       (*on_open)(struct portico_socket *);
	int       (*on_message)(struct portico_socket *, int kind, const char *data, size_t len);
	struct portico_socket *socket;   /* accepted last; NULL when it is closed */
	unsigned  accepted, opened, closed;
	int       code;                  /* of the last close */
};

extern struct ws_rig ws;

void ws_set_up(void);
void ws_tear_down(void);

int  ws_accept(struct portico_request *r);       /* for http.on_request and on_begin */
void ws_shake(void);                             /* http.client becomes a WebSocket */

/* Bytes of a literal, in one write and a few turns; exactly what was heard. */
#define SENDS(literal) ws_sends("" literal, sizeof(literal) - 1)
#define HEARS(literal) ws_hears("" literal, sizeof(literal) - 1)
void ws_sends(const char *data, size_t len);
void ws_hears(const char *data, size_t len);

/* It is closed, with that code, and the client sees the end. */
void ws_is_closed(int code);

#endif
