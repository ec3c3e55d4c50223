/* SPDX-License-Identifier: MIT */
#include "sys/sock.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static struct addr loopback(int port)
{
	struct addr a = {0};

	a.in.sin_family = AF_INET;
	a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.in.sin_port = htons((uint16_t)port);
	return a;
}

static struct addr name_of(int fd)
{
	struct addr a = {0};
	socklen_t len = sizeof(a);

	cr_assert_eq(getsockname(fd, &a.sa, &len), 0);
	return a;
}

static int connect_to(const struct addr *a)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM, 0);
	cr_assert_eq(connect(fd, &a->sa, addr_len(a)), 0);
	return fd;
}

Test(sock, binds_one_port_many_times)
{
	struct addr any = loopback(0);
	int first = sock_bind(&any, SOCK_STREAM);
	cr_assert_geq(first, 0);
	struct addr port = name_of(first);

	for (int i = 0; i < 8; i++)
		cr_assert_geq(sock_bind(&port, SOCK_STREAM), 0);
}

Test(sock, sees_who_holds_a_port_with_reuseport_too)
{
	struct addr any = loopback(0);

	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
		int fd = sock_bind(&any, type);
		struct addr port = name_of(fd);
		if (type == SOCK_STREAM)
			cr_assert_eq(sock_listen(fd, 8), 0);
		cr_assert_eq(sock_probe(&port, type), -1);
		cr_assert_eq(errno, EADDRINUSE);
		close(fd);
		cr_assert_eq(sock_probe(&port, type), 0);
	}
}

Test(sock, takes_no_connection_before_it_listens)
{
	struct addr any = loopback(0);
	int fd = sock_bind(&any, SOCK_STREAM);
	struct addr port = name_of(fd);
	int client = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(connect(client, &port.sa, addr_len(&port)), -1);
	cr_assert_eq(errno, ECONNREFUSED);
}

Test(sock, accepts_non_blocking_close_on_exec_and_without_nagle)
{
	struct addr any = loopback(0), peer;
	int fd = sock_bind(&any, SOCK_STREAM), on = 0;
	socklen_t len = sizeof(on);

	cr_assert_eq(sock_listen(fd, 8), 0);
	cr_assert_eq(sock_accept(fd, &peer), -1);
	cr_assert_eq(errno, EAGAIN);
	struct addr port = name_of(fd);
	int client = connect_to(&port);
	int served = sock_accept(fd, &peer);
	cr_assert_geq(served, 0);
	cr_assert(fcntl(served, F_GETFL) & O_NONBLOCK);
	cr_assert(fcntl(served, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(getsockopt(served, IPPROTO_TCP, TCP_NODELAY, &on, &len), 0);
	cr_assert(on);
	struct addr mine = name_of(client);
	cr_assert(addr_equal(&mine, &peer));
}

Test(sock, binds_ipv6_beside_ipv4)
{
	struct addr v4 = {0}, v6 = {0};

	v4.in.sin_family = AF_INET;
	int first = sock_bind(&v4, SOCK_STREAM);
	v6.in6.sin6_family = AF_INET6;
	v6.in6.sin6_port = name_of(first).in.sin_port;
	int second = sock_bind(&v6, SOCK_STREAM);
	if (second < 0 && errno == EAFNOSUPPORT)
		cr_skip_test("this kernel has no IPv6");
	cr_assert_geq(second, 0);
}

Test(sock, says_why_an_address_cannot_be_had)
{
	struct addr a = loopback(0);

	a.in.sin_addr.s_addr = htonl(0xc0000201);    /* 192.0.2.1: documentation */
	cr_assert_eq(sock_bind(&a, SOCK_STREAM), -1);
	cr_assert_eq(errno, EADDRNOTAVAIL);
}

/* ---- one that refuses ---- */

static int listen_at(const struct addr *a)
{
	int fd = sock_bind(a, SOCK_STREAM);

	if (fd < 0 && errno == EAFNOSUPPORT)
		cr_skip_test("this kernel has no IPv6");
	cr_assert_geq(fd, 0);
	cr_assert_eq(sock_listen(fd, 8), 0);
	return fd;
}

static void assert_refused(const struct addr *a)
{
	int fd = socket(a->sa.sa_family, SOCK_STREAM, 0);

	cr_assert_eq(connect(fd, &a->sa, addr_len(a)), -1);
	cr_assert_eq(errno, ECONNREFUSED);
	close(fd);
}

static void assert_reaches(int client, int listener)
{
	struct addr mine = name_of(client), peer;
	char byte;
	int served = sock_accept(listener, &peer);

	cr_assert_geq(served, 0);
	cr_assert(addr_equal(&mine, &peer));
	cr_assert_eq(write(client, "x", 1), 1);
	struct pollfd p = { .fd = served, .events = POLLIN };
	cr_assert_eq(poll(&p, 1, 10000), 1, "what the client says is not heard");
	cr_assert_eq(read(served, &byte, 1), 1);
	close(served);
	close(client);
}

static void expect_refusal(const struct addr *any, const struct addr *wildcard)
{
	if (geteuid() == 0)
		cr_assert_eq(setresuid(65534, 65534, 65534), 0);
	int ends = listen_at(any);
	struct addr port = name_of(ends), all = *wildcard;
	int early = connect_to(&port);

	cr_assert_eq(sock_refuse(ends), 0, "%s", strerror(errno));
	assert_refused(&port);
	assert_reaches(early, ends);
	all.in.sin_port = port.in.sin_port;      /* sin6_port is in the same place */
	int follows = listen_at(&all);
	for (int i = 0; i < 8; i++)
		assert_reaches(connect_to(&port), follows);
}

Test(sock, refuses_as_an_ordinary_user_and_leaves_it_to_a_wildcard, .timeout = 20)
{
	struct addr any = loopback(0), all = { .in.sin_family = AF_INET };
	expect_refusal(&any, &all);
}

Test(sock, refuses_over_ipv6, .timeout = 20)
{
	struct addr any = { .in6.sin6_family = AF_INET6 }, all = any;

	any.in6.sin6_addr = in6addr_loopback;
	expect_refusal(&any, &all);
}

/* What comes back is a group of its own: none goes to the one that ends. */
Test(sock, may_be_followed_by_another_at_the_same_address, .timeout = 20)
{
	struct addr any = loopback(0);
	int old = listen_at(&any);
	struct addr port = name_of(old);

	cr_assert_eq(sock_refuse(old), 0);
	int fresh = listen_at(&port);
	for (int i = 0; i < 32; i++)
		assert_reaches(connect_to(&port), fresh);
	cr_assert_eq(sock_queue(old), 0);
}
