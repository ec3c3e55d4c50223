/* SPDX-License-Identifier: MIT */
/*
 * ws_socket.c - what a plugin may ask of a WebSocket.
 */
#include <errno.h>
#include <string.h>

#include "proto/handler.h"
#include "proto/http_request.h"
#include "proto/ws.h"
#include "proto/ws_utf8.h"

struct portico_service *portico_socket_service(struct portico_socket *w)
{
	return w->handler;
}

void *portico_socket_state(struct portico_socket *w)
{
	return w->own;
}

void portico_socket_peer(const struct portico_socket *w, struct portico_peer *peer)
{
	portico_conn_peer(&w->conn->conn, peer);
}

int portico_socket_tls(const struct portico_socket *w, struct portico_tls *out, size_t size)
{
	return portico_conn_tls(&w->conn->conn, out, size);
}

static int must_be_open(const struct portico_socket *w)
{
	if (w->state == WS_OPEN && stream_is_open(&w->conn->conn.stream))
		return 0;
	errno = w->state == WS_UPGRADING ? ENOTCONN : EPIPE;
	return -1;
}

int portico_socket_send(struct portico_socket *w, int kind, const void *data, size_t len)
{
	bool is_text = kind == PORTICO_TEXT;

	if ((!is_text && kind != PORTICO_BINARY) || (is_text && !ws_utf8_valid(data, len))) {
		errno = EINVAL;
		return -1;
	}
	if (must_be_open(w) < 0 || ws_write(w, is_text ? WS_TEXT : WS_BINARY, data, len) < 0)
		return -1;
	if (w->handler->plugin.ws_drained)
		stream_tell_drained(&w->conn->conn.stream);
	return 0;
}

int portico_socket_send_text(struct portico_socket *w, const char *text)
{
	return portico_socket_send(w, PORTICO_TEXT, text, strlen(text));
}

size_t portico_socket_queued(const struct portico_socket *w)
{
	return stream_queued(&w->conn->conn.stream);
}

void portico_socket_pause(struct portico_socket *w)
{
	if (w->state == WS_OPEN)
		stream_pause(&w->conn->conn.stream);
}

void portico_socket_resume(struct portico_socket *w)
{
	if (w->state == WS_OPEN)
		stream_resume(&w->conn->conn.stream);
}

int portico_socket_close(struct portico_socket *w, int code, const char *reason)
{
	if (!reason)
		reason = "";
	if (code < 0 || !ws_code_is_valid((unsigned)code) || strlen(reason) > WS_REASON_MOST
		|| !ws_utf8_valid(reason, strlen(reason))) {
		errno = EINVAL;
		return -1;
	}
	if (must_be_open(w) < 0)
		return -1;
	ws_close(w, (unsigned)code, reason);
	return 0;
}

void portico_socket_abort(struct portico_socket *w)
{
	stream_abort(&w->conn->conn.stream);
}
