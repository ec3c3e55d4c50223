/* SPDX-License-Identifier: MIT */
/*
 * epoll.c - the loop of the bare servers, on epoll.
 *
 * Owns the listening socket, the epoll descriptor and every connection.  SIGTERM ends it by its
 * default action.
 */
#include "bare.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { EVENTS_PER_TURN = 256 };

struct loop {
	const struct bare_server *server;
	int epoll;
	int listener;
	int clock;
};

void bare_conn_wait(struct bare_conn *conn, enum bare_wait what)
{
	struct loop *loop = conn->loop;
	bare_epoll(loop->epoll, EPOLL_CTL_MOD, conn->fd, what == BARE_WRITABLE ? EPOLLOUT : EPOLLIN,
		conn);
}

static int open_clock(void)
{
	const struct itimerspec every_second = {{1, 0}, {1, 0}};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (fd < 0 || timerfd_settime(fd, 0, &every_second, NULL) != 0)
		bare_fail("timerfd");
	return fd;
}

static void take_conn(struct loop *loop, int fd)
{
	struct bare_conn *conn = calloc(1, loop->server->conn_size);
	if (conn == NULL)
		bare_fail("calloc");
	conn->fd = fd;
	conn->loop = loop;
	bare_epoll(loop->epoll, EPOLL_CTL_ADD, fd, EPOLLIN, conn);
}

static void accept_all(struct loop *loop)
{
	int fd;
	while ((fd = bare_accept(loop->listener)) >= 0)
		take_conn(loop, fd);
}

static void tick(struct loop *loop)
{
	uint64_t expired;
	if (read(loop->clock, &expired, sizeof(expired)) == (ssize_t)sizeof(expired))
		loop->server->second();
}

/* One turn reports a descriptor once: a connection may be freed here. */
static void serve_conn(struct loop *loop, struct bare_conn *conn)
{
	if (loop->server->conn_ready(conn) == 0)
		return;
	if (loop->server->conn_close != NULL)
		loop->server->conn_close(conn);
	close(conn->fd);
	free(conn);
}

static void turn(struct loop *loop)
{
	struct epoll_event events[EVENTS_PER_TURN];
	int count = epoll_wait(loop->epoll, events, EVENTS_PER_TURN, -1);
	if (count < 0 && errno != EINTR)
		bare_fail("epoll_wait");
	for (int i = 0; i < count; i++) {
		void *who = events[i].data.ptr;
		if (who == &loop->listener)
			accept_all(loop);
		else if (who == &loop->clock)
			tick(loop);
		else
			serve_conn(loop, who);
	}
}

static void start_clock(struct loop *loop)
{
	loop->server->second();
	loop->clock = open_clock();
	bare_epoll(loop->epoll, EPOLL_CTL_ADD, loop->clock, EPOLLIN, &loop->clock);
}

_Noreturn void bare_serve(const char *address, const char *port, const struct bare_server *server)
{
	struct loop loop = {.server = server, .clock = -1};

	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop.epoll < 0)
		bare_fail("epoll_create1");
	if (server->second != NULL)
		start_clock(&loop);
	loop.listener = bare_listen(address, port, SOCK_STREAM);
	bare_epoll(loop.epoll, EPOLL_CTL_ADD, loop.listener, EPOLLIN, &loop.listener);
	for (;;)
		turn(&loop);
}
