/* SPDX-License-Identifier: MIT */
/*
 * common.c - sockets and complaints, for the bare servers and the loads.
 *
 * Whatever goes wrong outside of one connection ends the program: a baseline that limps would make
 * portico look good.
 */
#include "bare.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BACKLOG = 4096, EX_USAGE = 64 };

_Noreturn void bare_fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(EXIT_FAILURE);
}

_Noreturn void bare_usage(const char *arguments)
{
	fprintf(stderr, "usage: %s %s\n", program_invocation_short_name, arguments);
	exit(EX_USAGE);
}

struct addrinfo *bare_resolve(const char *address, const char *port, int socktype)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = socktype,
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

static void set_flag(int fd, int level, int option)
{
	const int on = 1;
	if (setsockopt(fd, level, option, &on, sizeof(on)) != 0)
		bare_fail("setsockopt");
}

/* TCP_NODELAY on the listener is inherited by what it accepts: tcp(7). */
int bare_listen(const char *address, const char *port, int socktype)
{
	struct addrinfo *where = bare_resolve(address, port, socktype);
	int fd = socket(where->ai_family, socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		bare_fail("socket");
	set_flag(fd, SOL_SOCKET, SO_REUSEPORT);
	if (socktype == SOCK_STREAM) {
		set_flag(fd, SOL_SOCKET, SO_REUSEADDR);
		set_flag(fd, IPPROTO_TCP, TCP_NODELAY);
	}
	if (bind(fd, where->ai_addr, where->ai_addrlen) != 0)
		bare_fail("bind");
	if (socktype == SOCK_STREAM && listen(fd, BACKLOG) != 0)
		bare_fail("listen");
	freeaddrinfo(where);
	return fd;
}

int bare_accept(int listener)
{
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0)
			return fd;
		if (errno == EAGAIN)
			return -1;
		if (errno != EINTR && errno != ECONNABORTED)
			bare_fail("accept4");
	}
}
