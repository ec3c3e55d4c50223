/* SPDX-License-Identifier: MIT */
/*
 * tls_peer.c - tells what portico_conn_tls() does: "SLOT VERSION CIPHER resumed|new
 * [SERVER_NAME] [FINGERPRINT] [SUBJECT] LENGTH\n", or "SLOT errno\n".  Over HTTP, over TCP for
 * every message, and over WebSockets, where it is told what the socket says.  The path
 * /small asks as a plugin does that knows less of the struct.
 */
#include <portico.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static char text[2048];

static const char *tell(unsigned slot, int result, const struct portico_tls *t)
{
	if (result < 0)
		snprintf(text, sizeof(text), "%u %s\n", slot, errno == EOPNOTSUPP ? "no TLS"
			: errno == ENOTCONN ? "not now" : strerror(errno));
	else
		snprintf(text, sizeof(text), "%u %s %s %s [%s] [%s] [%s] %zu\n", slot, t->version,
			t->cipher, t->resumed ? "resumed" : "new", t->server_name, t->fingerprint,
			t->subject, t->subject_len);
	return text;
}

static const char *tell_conn(struct portico_conn *conn, size_t size)
{
	struct portico_tls t;
	unsigned slot = portico_service_worker(portico_conn_service(conn));

	memset(&t, 'x', sizeof(t));
	return tell(slot, portico_conn_tls(conn, &t, size), &t);
}

static int tell_small(struct portico_request *req, struct portico_conn *conn)
{
	struct {
		char version[16];
		char guard[16];
	} small = { .guard = "untouched" };

	if (portico_conn_tls(conn, (struct portico_tls *)(void *)&small, sizeof(small.version)) < 0)
		return -1;
	snprintf(text, sizeof(text), "%s %s\n", small.version, small.guard);
	return portico_reply_text(req, 200, text);
}

static int request(struct portico_request *req)
{
	struct portico_conn *conn = portico_request_conn(req);

	if (portico_websocket_asked(req))
		return portico_websocket_accept(req, NULL);
	if (strcmp(portico_request_path(req), "/small") == 0)
		return tell_small(req, conn);
	return portico_reply_text(req, 200, tell_conn(conn, sizeof(struct portico_tls)));
}

static int message(struct portico_socket *socket, int kind, const void *data, size_t len)
{
	struct portico_tls t;

	(void)kind;
	(void)data;
	(void)len;
	int result = portico_socket_tls(socket, &t, sizeof(t));
	return portico_socket_send_text(socket,
		tell(portico_service_worker(portico_socket_service(socket)), result, &t));
}

static int opened(struct portico_conn *conn)
{
	const char *said = tell_conn(conn, sizeof(struct portico_tls));

	return portico_conn_write(conn, said, strlen(said)) < 0 ? -1 : 0;
}

static ssize_t data(struct portico_conn *conn, const void *bytes, size_t len)
{
	const char *said = tell_conn(conn, sizeof(struct portico_tls));

	(void)bytes;
	return portico_conn_write(conn, said, strlen(said)) < 0 ? -1 : (ssize_t)len;
}

static void closed(struct portico_conn *conn)
{
	portico_log(portico_conn_service(conn), PORTICO_INFO, "closed: %s",
		tell_conn(conn, sizeof(struct portico_tls)));
}

PORTICO_PLUGIN(.name = "tls_peer", .http_request = request, .ws_message = message,
	.tcp_open = opened, .tcp_data = data, .tcp_close = closed)
