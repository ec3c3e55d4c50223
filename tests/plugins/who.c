/* SPDX-License-Identifier: MIT */
/* who.c - says which worker answers: "SLOT PID\n", over HTTP, TCP and UDP. */
#include <portico.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *who(struct portico_service *service)
{
	static char text[64];

	snprintf(text, sizeof(text), "%u %d\n", portico_service_worker(service), (int)getpid());
	return text;
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, who(portico_request_service(req)));
}

static int opened(struct portico_conn *conn)
{
	const char *text = who(portico_conn_service(conn));

	portico_conn_write(conn, text, strlen(text));
	portico_conn_close(conn);
	return 0;
}

static int packet(struct portico_dgram *dgram, const void *data, size_t len)
{
	const char *text = who(portico_dgram_service(dgram));

	(void)data;
	(void)len;
	return portico_dgram_reply(dgram, text, strlen(text));
}

PORTICO_PLUGIN(.name = "who", .http_request = request, .tcp_open = opened, .udp_packet = packet)
