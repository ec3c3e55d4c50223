/* SPDX-License-Identifier: MIT */
/*
 * connect.c - sockets for the load, and enough ports for them.
 *
 * Ports: a connection is bound to one of the plan's source addresses and gets
 * its port at connect() (IP_BIND_ADDRESS_NO_PORT, ip(7)), so each source has
 * all 28 000 of them for each target.  Who ends first keeps one for 60 s as
 * TIME_WAIT.  With HTTP that is the server: the last request says Connection:
 * close and we wait.  With TCP we end first, so that the server need not know
 * when we have enough: 16 sources last for 7 500 connections a second.
 */
#include "soak/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK_FIRST 0x7f000101u       /* 127.0.1.1 */

enum { LOOPBACK_SOURCES = 16 };

bool connect_failed_here(int error)
{
	switch (error) {
	case EADDRNOTAVAIL:
	case EADDRINUSE:
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
	case EAGAIN:
	case EACCES:
	case EPERM:
	case ENETUNREACH:
	case EINVAL:
	case EAFNOSUPPORT:
		return true;
	default:
		return false;
	}
}

static int bind_source(int fd, const struct soak_plan *p, uint64_t number)
{
	const int yes = 1;
	struct addr from = p->source;

	from.in.sin_port = 0;
	from.in.sin_addr.s_addr = htonl(ntohl(from.in.sin_addr.s_addr) +
		(uint32_t)(number % p->sources));
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes)) < 0)
		return -1;
	return bind(fd, &from.sa, addr_len(&from));
}

static bool is_loopback(const struct addr *a)
{
	return a->sa.sa_family == AF_INET &&
	       ntohl(a->in.sin_addr.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
}

/* From the loopback only the loopback can be reached. */
static bool has_source_for(const struct soak_plan *p, const struct addr *to)
{
	if (p->sources == 0 || to->sa.sa_family != AF_INET)
		return false;
	return is_loopback(to) || !is_loopback(&p->source);
}

int connect_open(const struct soak_plan *p, const struct addr *to, uint64_t number)
{
	const int yes = 1;
	int fd = socket(to->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (has_source_for(p, to) && bind_source(fd, p, number) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return fd;
}

void connect_choose_sources(struct soak_plan *p)
{
	for (size_t i = 0; i < p->target_count && p->sources == 0; i++) {
		if (!is_loopback(&p->targets[i].to))
			continue;
		p->source = (struct addr){ .in = { .sin_family = AF_INET } };
		p->source.in.sin_addr.s_addr = htonl(LOOPBACK_FIRST);
		p->sources = LOOPBACK_SOURCES;
	}
}
