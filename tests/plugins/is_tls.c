/* SPDX-License-Identifier: MIT */
/* is_tls.c - says whether its client speaks TLS: "yes\n" or "no\n", over HTTP and TCP. */
#include <portico.h>
#include <string.h>

static const char *is_tls(const struct portico_conn *conn)
{
	return portico_conn_is_tls(conn) ? "yes\n" : "no\n";
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, is_tls(portico_request_conn(req)));
}

/* Before the client has said anything, and so before the handshake. */
static int opened(struct portico_conn *conn)
{
	const char *text = is_tls(conn);

	portico_conn_write(conn, text, strlen(text));
	portico_conn_close(conn);
	return 0;
}

PORTICO_PLUGIN(.name = "is_tls", .http_request = request, .tcp_open = opened)
