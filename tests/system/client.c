/* SPDX-License-Identifier: MIT */
/*
 * client.c - TCP and UDP clients of a server under test.
 */
#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "harness.h"

union address {
	struct sockaddr     sa;
	struct sockaddr_in  in;
	struct sockaddr_in6 in6;
};

static socklen_t set_address(union address *a, const char *host, int port)
{
	memset(a, 0, sizeof(*a));
	if (strchr(host, ':')) {
		a->in6.sin6_family = AF_INET6;
		a->in6.sin6_port = htons((uint16_t)port);
		cr_assert_eq(inet_pton(AF_INET6, host, &a->in6.sin6_addr), 1);
		return sizeof(a->in6);
	}
	a->in.sin_family = AF_INET;
	a->in.sin_port = htons((uint16_t)port);
	cr_assert_eq(inet_pton(AF_INET, host, &a->in.sin_addr), 1);
	return sizeof(a->in);
}

static int patient_socket(int family, int type)
{
	struct timeval patience = { .tv_sec = (time_t)PATIENCE };
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0, "socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

static int connect_to(const char *host, int port, int type)
{
	union address a;
	socklen_t len = set_address(&a, host, port);
	int fd = patient_socket(a.sa.sa_family, type);

	if (connect(fd, &a.sa, len) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

int client_try_connect(const char *host, int port)
{
	return connect_to(host, port, SOCK_STREAM);
}

int client_connect(int port)
{
	int fd = client_try_connect("127.0.0.1", port);

	cr_assert_geq(fd, 0, "connect to port %d: %s", port, strerror(errno));
	return fd;
}

int client_connect_from(unsigned n, int port)
{
	struct sockaddr_in from = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + n / 1000) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	cr_assert_geq(fd, 0, "%s", strerror(errno));
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	cr_assert_eq(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0, "%s", strerror(errno));
	return fd;
}

int listen_on(int port)
{
	union address a;
	socklen_t len = set_address(&a, "127.0.0.1", port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, &a.sa, len), 0);
	cr_assert_eq(listen(fd, 64), 0);
	return fd;
}

bool client_is_refused(const char *host, int port)
{
	int fd = client_try_connect(host, port);
	int error = errno;

	if (fd >= 0)
		close(fd);
	return fd < 0 && error == ECONNREFUSED;
}

static bool is_refused(void *port)
{
	return client_is_refused("127.0.0.1", *(int *)port);
}

void client_await_refusal(int port)
{
	cr_assert(wait_until(is_refused, &port, PATIENCE), "port %d is never refused", port);
}

/* ---- bytes ---- */

void client_send(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);
		cr_assert_gt(n, 0, "send: %s", strerror(errno));
		at += n;
		len -= (size_t)n;
	}
}

void client_says(int fd, const char *text)
{
	client_send(fd, text, strlen(text));
}

void client_ends(int fd)
{
	cr_assert_eq(shutdown(fd, SHUT_WR), 0);
}

long client_read_all(int fd, char *out, size_t room)
{
	size_t len = 0;
	ssize_t n;

	while (len < room - 1 && (n = recv(fd, out + len, room - 1 - len, 0)) != 0) {
		if (n < 0)
			return errno == EAGAIN ? CLIENT_TIMEOUT : CLIENT_RESET;
		len += (size_t)n;
	}
	out[len] = '\0';
	return (long)len;
}

void client_read(int fd, void *out, size_t len)
{
	ssize_t n = recv(fd, out, len, MSG_WAITALL);

	cr_assert_eq(n, (ssize_t)len, "read %zd of %zu bytes: %s", n, len,
		n < 0 ? strerror(errno) : "end");
}

bool client_hears_nothing(int fd, double seconds)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	return poll(&p, 1, (int)(seconds * 1e3)) == 0;
}

void client_expect_end(int fd, bool or_reset)
{
	char block[4096];
	long n;

	while ((n = recv(fd, block, sizeof(block), 0)) > 0)
		;
	int error = errno;
	close(fd);
	cr_assert(n == 0 || (or_reset && (error == ECONNRESET || error == EPIPE)),
		"the connection did not end: %s", strerror(error));
}

/* ---- UDP ---- */

int udp_client(const char *host, int port)
{
	int fd = connect_to(host, port, SOCK_DGRAM);

	cr_assert_geq(fd, 0);
	return fd;
}

size_t udp_ask(int fd, const void *data, size_t len, void *out, size_t room)
{
	cr_assert_eq(send(fd, data, len, 0), (ssize_t)len);
	ssize_t n = recv(fd, out, room, 0);
	cr_assert_geq(n, 0, "no answer to a datagram: %s", strerror(errno));
	return (size_t)n;
}
