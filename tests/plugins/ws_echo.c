/* SPDX-License-Identifier: MIT */
/*
 * ws_echo.c - WebSocket messages back; /push sends large ones until the queue is full,
 * /late accepts in http_request(), /fail fails in ws_message().  Logs each close.
 */
#include <portico.h>
#include <errno.h>
#include <string.h>

struct ws_echo { int64_t open; };
struct socket { char path[32]; size_t pushed; };

static char block[64 * 1024];

static int accept_socket(struct portico_request *req)
{
	const char *protocol = portico_websocket_offers(req, "echo") ? "echo" : NULL;

	if (portico_websocket_accept(req, protocol) < 0)
		return -1;
	struct portico_socket *socket = portico_request_socket(req);
	if (!socket)
		return 0;
	struct socket *s = portico_socket_state(socket);
	strncpy(s->path, portico_request_path(req), sizeof(s->path) - 1);
	struct ws_echo *echo = portico_service_state(portico_request_service(req));
	echo->open++;
	return 0;
}

static int begin(struct portico_request *req)
{
	return strcmp(portico_request_path(req), "/late") == 0 ? 0 : accept_socket(req);
}

static void push(struct portico_socket *socket)
{
	struct socket *s = portico_socket_state(socket);

	while (portico_socket_send(socket, PORTICO_BINARY, block, sizeof(block)) == 0)
		s->pushed += sizeof(block);
	portico_log(portico_socket_service(socket), PORTICO_INFO, "push: %s after %zu queued",
		strerror(errno), portico_socket_queued(socket));
}

static int open_socket(struct portico_socket *socket)
{
	const struct socket *s = portico_socket_state(socket);

	if (strcmp(s->path, "/push") == 0)
		push(socket);
	return 0;
}

static int message(struct portico_socket *socket, int kind, const void *data, size_t len)
{
	const struct socket *s = portico_socket_state(socket);

	if (strcmp(s->path, "/fail") == 0)
		return -1;
	if (kind == PORTICO_TEXT && len == 5 && memcmp(data, "close", 5) == 0)
		return portico_socket_close(socket, 4000, "as you like");
	return portico_socket_send(socket, kind, data, len);
}

static void closed(struct portico_socket *socket, int code)
{
	struct ws_echo *echo = portico_service_state(portico_socket_service(socket));

	portico_log(portico_socket_service(socket), PORTICO_INFO, "socket closed: %d, %d left", code,
		(int)--echo->open);
}

PORTICO_PLUGIN(.name = "ws_echo", .service_size = sizeof(struct ws_echo),
	.socket_size = sizeof(struct socket), .http_begin = begin, .http_request = accept_socket,
	.ws_open = open_socket, .ws_message = message, .ws_close = closed)
