/* SPDX-License-Identifier: MIT */
/*
 * ev.c - the loop of the bare servers, on libev: what portico's own loop costs with nothing in it.
 *
 * Owns the listening socket and every connection.  SIGTERM ends it by its default action.
 */
#include "bare.h"

#include <ev.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct bare_server *server;
static struct ev_loop *loop;

static void serve_conn(struct ev_loop *l, ev_io *io, int events)
{
	struct bare_conn *conn = io->data;

	(void)events;
	if (server->conn_ready(conn) == 0)
		return;
	if (server->conn_close != NULL)
		server->conn_close(conn);
	ev_io_stop(l, io);
	close(conn->fd);
	free(io);
	free(conn);
}

void bare_conn_wait(struct bare_conn *conn, enum bare_wait what)
{
	ev_io *io = conn->loop;

	ev_io_stop(loop, io);
	ev_io_set(io, conn->fd, what == BARE_WRITABLE ? EV_WRITE : EV_READ);
	ev_io_start(loop, io);
}

static void take_conn(int fd)
{
	struct bare_conn *conn = calloc(1, server->conn_size);
	ev_io *io = malloc(sizeof(*io));

	if (conn == NULL || io == NULL)
		bare_fail("malloc");
	conn->fd = fd;
	conn->loop = io;
	ev_io_init(io, serve_conn, fd, EV_READ);
	io->data = conn;
	ev_io_start(loop, io);
}

static void accept_all(struct ev_loop *l, ev_io *io, int events)
{
	int fd;

	(void)l, (void)events;
	while ((fd = bare_accept(io->fd)) >= 0)
		take_conn(fd);
}

static void tick(struct ev_loop *l, ev_timer *timer, int events)
{
	(void)l, (void)timer, (void)events;
	server->second();
}

_Noreturn void bare_serve(const char *address, const char *port, const struct bare_server *which)
{
	static ev_io listener;
	static ev_timer clock;

	server = which;
	loop = ev_loop_new(EVBACKEND_EPOLL | EVFLAG_NOENV);
	if (loop == NULL)
		bare_fail("ev_loop_new");
	if (server->second != NULL) {
		server->second();
		ev_timer_init(&clock, tick, 1., 1.);
		ev_timer_start(loop, &clock);
	}
	ev_io_init(&listener, accept_all, bare_listen(address, port, SOCK_STREAM), EV_READ);
	ev_io_start(loop, &listener);
	ev_run(loop, 0);
	bare_fail("ev_run");
}
