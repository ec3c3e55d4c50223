/* SPDX-License-Identifier: MIT */
/* flood.c - as soon as a client comes it is sent megabytes: one, and the next
 * whenever the queue is empty; or all of them at once. */
#include <portico.h>
#include <stdio.h>
#include <string.h>

enum { MEGABYTE = 1 << 20 };

struct flood {
	int64_t megabytes;
	bool    at_once;
};

struct client {
	int64_t sent;
	int64_t drained;
};

static int send_one(struct portico_conn *conn, struct client *client)
{
	static char block[MEGABYTE];

	memset(block, 'a' + (int)(client->sent % 26), sizeof(block));
	client->sent++;
	return portico_conn_write(conn, block, sizeof(block)) < 0 ? -1 : 0;
}

static int opened(struct portico_conn *conn)
{
	struct flood *flood = portico_service_state(portico_conn_service(conn));
	struct client *client = portico_conn_state(conn);

	do
		if (send_one(conn, client) < 0)
			return -1;
	while (flood->at_once && client->sent < flood->megabytes);
	return 0;
}

static void drained(struct portico_conn *conn)
{
	struct flood *flood = portico_service_state(portico_conn_service(conn));
	struct client *client = portico_conn_state(conn);
	char text[64];

	client->drained++;
	if (client->sent < flood->megabytes) {
		send_one(conn, client);
		return;
	}
	int len = snprintf(text, sizeof(text), "drained %d\n", (int)client->drained);
	portico_conn_write(conn, text, (size_t)len);
	portico_conn_close(conn);
}

static const struct portico_option options[] = {
	PORTICO_OPTION_IN(INT, struct flood, megabytes, "10", "1..100", "how many"),
	PORTICO_OPTION(BOOL, struct flood, at_once, "no", "whether to wait for none"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "flood", .options = options, .service_size = sizeof(struct flood),
	.conn_size = sizeof(struct client), .tcp_open = opened, .tcp_drained = drained)
