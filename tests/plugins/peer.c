/* SPDX-License-Identifier: MIT */
/* peer.c - says who its client is, "ADDRESS PORT\n": over HTTP, over TCP at once and then as an
 * echo, and to a WebSocket that says anything. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <portico.h>
#include <stdio.h>
#include <string.h>

static const char *name(const struct portico_peer *peer)
{
	static char text[80];
	char ip[INET6_ADDRSTRLEN] = "?";
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&peer->addr;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&peer->addr;

	if (v4->sin_family == AF_INET)
		inet_ntop(AF_INET, &v4->sin_addr, ip, sizeof(ip));
	else
		inet_ntop(AF_INET6, &v6->sin6_addr, ip, sizeof(ip));
	snprintf(text, sizeof(text), "%s %d\n", ip, ntohs(v4->sin_port));
	return text;
}

static int request(struct portico_request *req)
{
	struct portico_peer peer;

	if (strcmp(portico_request_path(req), "/ws") == 0)
		return portico_websocket_accept(req, NULL);
	portico_conn_peer(portico_request_conn(req), &peer);
	return portico_reply_text(req, 200, name(&peer));
}

static int message(struct portico_socket *socket, int kind, const void *data, size_t len)
{
	struct portico_peer peer;

	(void)data;
	(void)len;
	portico_socket_peer(socket, &peer);
	return portico_socket_send(socket, kind, name(&peer), strlen(name(&peer)));
}

static int opened(struct portico_conn *conn)
{
	struct portico_peer peer;

	portico_conn_peer(conn, &peer);
	return portico_conn_write(conn, name(&peer), strlen(name(&peer))) < 0 ? -1 : 0;
}

static ssize_t data(struct portico_conn *conn, const void *bytes, size_t len)
{
	return portico_conn_write(conn, bytes, len) < 0 ? -1 : (ssize_t)len;
}

PORTICO_PLUGIN(.name = "peer", .http_request = request, .ws_message = message, .tcp_open = opened,
	.tcp_data = data)
