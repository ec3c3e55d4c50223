/* SPDX-License-Identifier: MIT */
/*
 * bare.c - the epoll loop of the bare servers.
 *
 * Owns the listening socket, the epoll descriptor and every connection.  Whatever goes wrong
 * outside of one connection ends the program: a baseline that limps would make portico look good.
 * SIGTERM ends it by its default action.
 */
#define _GNU_SOURCE 1 /* accept4, program_invocation_short_name */
#include "bare.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { BACKLOG = 4096, EVENTS_PER_TURN = 256, EX_USAGE = 64 };

struct loop {
	const struct bare_server *server;
	int epoll;
	int listener;
	int clock;
};

_Noreturn void bare_fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(EXIT_FAILURE);
}

struct addrinfo *bare_resolve(const char *address, const char *port)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found = NULL;
	int problem = getaddrinfo(address, port, &hints, &found);
	if (problem != 0) {
		fprintf(stderr, "%s: %s port %s: %s\n", program_invocation_short_name, address,
			port, gai_strerror(problem));
		exit(EX_USAGE);
	}
	return found;
}

void bare_epoll(int epoll, int op, int fd, uint32_t events, void *who)
{
	struct epoll_event event = {.events = events, .data.ptr = who};
	if (epoll_ctl(epoll, op, fd, &event) != 0)
		bare_fail("epoll_ctl");
}

void bare_conn_watch(struct bare_conn *conn, uint32_t events)
{
	bare_epoll(conn->epoll, EPOLL_CTL_MOD, conn->fd, events, conn);
}

static void set_flag(int fd, int level, int option)
{
	const int on = 1;
	if (setsockopt(fd, level, option, &on, sizeof(on)) != 0)
		bare_fail("setsockopt");
}

/* TCP_NODELAY on the listener is inherited by what it accepts: tcp(7). */
static int open_listener(const char *address, const char *port)
{
	struct addrinfo *where = bare_resolve(address, port);
	int fd = socket(where->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		bare_fail("socket");
	set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
	set_flag(fd, SOL_SOCKET, SO_REUSEPORT);
	set_flag(fd, IPPROTO_TCP, TCP_NODELAY);
	if (bind(fd, where->ai_addr, where->ai_addrlen) != 0)
		bare_fail("bind");
	if (listen(fd, BACKLOG) != 0)
		bare_fail("listen");
	freeaddrinfo(where);
	return fd;
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
	conn->epoll = loop->epoll;
	bare_epoll(loop->epoll, EPOLL_CTL_ADD, fd, EPOLLIN, conn);
}

static void accept_all(struct loop *loop)
{
	for (;;) {
		int fd = accept4(loop->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			take_conn(loop, fd);
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR && errno != ECONNABORTED)
			bare_fail("accept4");
	}
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

_Noreturn void bare_main(int argc, char **argv, const struct bare_server *server)
{
	struct loop loop = {.server = server, .clock = -1};

	if (argc != 3) {
		fprintf(stderr, "usage: %s ADDR PORT\n", program_invocation_short_name);
		exit(EX_USAGE);
	}
	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop.epoll < 0)
		bare_fail("epoll_create1");
	if (server->second != NULL)
		start_clock(&loop);
	loop.listener = open_listener(argv[1], argv[2]);
	bare_epoll(loop.epoll, EPOLL_CTL_ADD, loop.listener, EPOLLIN, &loop.listener);
	puts("ready");
	fflush(stdout);
	for (;;)
		turn(&loop);
}
