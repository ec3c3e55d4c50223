/* SPDX-License-Identifier: MIT */
/* farewell.c - says "bye" in drain() to everybody who is there, and closes. */
#include <portico.h>
#include <sys/queue.h>

struct guest { struct portico_conn *conn; LIST_ENTRY(guest) others; };
struct room { LIST_HEAD(, guest) guests; };

static struct room *room_of(struct portico_conn *conn)
{
	return portico_service_state(portico_conn_service(conn));
}

static int enter(struct portico_conn *conn)
{
	struct guest *g = portico_conn_state(conn);

	g->conn = conn;
	LIST_INSERT_HEAD(&room_of(conn)->guests, g, others);
	return 0;
}

static void leave(struct portico_conn *conn)
{
	struct guest *g = portico_conn_state(conn);

	LIST_REMOVE(g, others);
}

static void drain(struct portico_service *service)
{
	const struct room *room = portico_service_state(service);
	const struct guest *g;

	LIST_FOREACH(g, &room->guests, others) {
		portico_conn_write(g->conn, "bye", 3);
		portico_conn_close(g->conn);
	}
}

PORTICO_PLUGIN(.name = "farewell", .service_size = sizeof(struct room), .conn_size = sizeof(struct guest),
	.drain = drain, .tcp_open = enter, .tcp_close = leave)
