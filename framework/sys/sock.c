/* SPDX-License-Identifier: MIT */
/*
 * sock.c - the sockets of a SO_REUSEPORT group.
 */
#include "sys/sock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int switch_on(int fd, int level, int option)
{
	int on = 1;
	return setsockopt(fd, level, option, &on, sizeof(on));
}

static int close_failed(int fd)
{
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

static int open_for(const struct addr *a, int type)
{
	int fd = socket(a->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (a->sa.sa_family == AF_INET6 && switch_on(fd, IPPROTO_IPV6, IPV6_V6ONLY) < 0)
		return close_failed(fd);
	/* Only for TCP, where it forgives TIME_WAIT; for UDP it would share the port. */
	if (type == SOCK_STREAM && switch_on(fd, SOL_SOCKET, SO_REUSEADDR) < 0)
		return close_failed(fd);
	return fd;
}

/* Without it a reply to a datagram that came to one of several addresses
 * would leave from whichever the route prefers, and the client drops it. */
static int tell_destination(int fd, const struct addr *a)
{
	if (a->sa.sa_family == AF_INET6)
		return switch_on(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO);
	return switch_on(fd, IPPROTO_IP, IP_PKTINFO);
}

/* Accepted sockets inherit it: one call here saves one for each connection.
 * A stream writes once a turn, so Nagle's algorithm could only delay. */
static int send_at_once(int fd)
{
	return switch_on(fd, IPPROTO_TCP, TCP_NODELAY);
}

int sock_bind(const struct addr *a, int type)
{
	int fd = open_for(a, type);
	if (fd < 0)
		return -1;
	if (switch_on(fd, SOL_SOCKET, SO_REUSEPORT) < 0)
		return close_failed(fd);
	if (type == SOCK_STREAM && send_at_once(fd) < 0)
		return close_failed(fd);
	if (type == SOCK_DGRAM && addr_is_wildcard(a) && tell_destination(fd, a) < 0)
		return close_failed(fd);
	if (bind(fd, &a->sa, addr_len(a)) < 0)
		return close_failed(fd);
	return fd;
}

/* ENOENT: there was none.  EINVAL: it has no SO_REUSEPORT, so no group. */
static int no_program(int fd)
{
	return switch_on(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF) < 0 && errno != ENOENT
		&& errno != EINVAL ? -1 : 0;
}

int sock_adopt(int fd, const struct addr *a, int type)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0
		|| fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || no_program(fd) < 0)
		return -1;
	if (type == SOCK_STREAM)
		return send_at_once(fd);
	return addr_is_wildcard(a) ? tell_destination(fd, a) : 0;
}

int sock_probe(const struct addr *a, int type)
{
	int fd = open_for(a, type);
	if (fd < 0)
		return -1;
	if (bind(fd, &a->sa, addr_len(a)) < 0)
		return close_failed(fd);
	close(fd);
	return 0;
}

int sock_listen(int fd, int backlog)
{
	return listen(fd, backlog);
}

int sock_connect(const struct sockaddr *to, socklen_t len)
{
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (to->sa_family != AF_UNIX)
		(void)send_at_once(fd);
	return connect(fd, to, len) == 0 || errno == EINPROGRESS ? fd : close_failed(fd);
}

/* Any number of seconds up to the first time that a SYN-ACK is sent again is the same. */
void sock_defer(int fd, bool on)
{
	int seconds = on;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof(seconds));
}

int sock_accept(int fd, struct addr *peer)
{
	socklen_t len = sizeof(*peer);
	return accept4(fd, &peer->sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int sock_queue(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);
	int datagram = 0;

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0)
		return (int)info.tcpi_unacked;
	if (ioctl(fd, FIONREAD, &datagram) < 0)
		return -1;
	return datagram > 0;
}

int sock_queue_limit(int fd)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0)
		return (int)info.tcpi_sacked;
	return errno == EOPNOTSUPP || errno == ENOPROTOOPT ? 0 : -1;
}

size_t sock_unacknowledged(int fd)
{
	int held = 0;

	return ioctl(fd, SIOCOUTQ, &held) == 0 && held > 0 ? (size_t)held : 0;
}

bool sock_has_unread(int fd)
{
	int unread = 0;

	return ioctl(fd, SIOCINQ, &unread) == 0 && unread > 0;
}

int sock_refuse(int fd)
{
	/* Bound to an interface that does not exist, which the kernel does not check.  It asks
	 * for the interface when it looks for who listens; connections and handshakes took over
	 * the socket's when they began. */
	int nowhere = INT_MAX;
	return setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &nowhere, sizeof(nowhere));
}

void sock_end(int fd)
{
	(void)shutdown(fd, SHUT_RDWR);
}

void sock_reset_on_close(int fd)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}
