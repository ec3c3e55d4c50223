/* SPDX-License-Identifier: MIT */
/* ws_echo.c - WebSocket messages back, as the README's example does it. */
#include <portico.h>

static int request(struct portico_request *req)
{
	return portico_websocket_accept(req, NULL);
}

static int message(struct portico_socket *socket, int kind, const void *data, size_t len)
{
	return portico_socket_send(socket, kind, data, len);
}

PORTICO_PLUGIN(.name = "ws_echo", .http_request = request, .ws_message = message)
