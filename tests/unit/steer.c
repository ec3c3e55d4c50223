/* SPDX-License-Identifier: MIT */
#include "sys/steer.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/sock.h"

enum { MEMBERS = 4, CLIENTS = 400 };

static int members[MEMBERS];
static struct addr group;

static void make_group(int family, int type)
{
	group.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		group.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		group.in6.sin6_addr = in6addr_loopback;
	for (int i = 0; i < MEMBERS; i++) {
		socklen_t len = sizeof(group);
		members[i] = sock_bind(&group, type);
		if (members[i] < 0 && family == AF_INET6)
			cr_skip_test("this machine has no IPv6");
		cr_assert_geq(members[i], 0);
		cr_assert_eq(getsockname(members[i], &group.sa, &len), 0);
		if (type == SOCK_STREAM)
			cr_assert_eq(sock_listen(members[i], CLIENTS), 0);
	}
}

static int connect_one(int type)
{
	int fd = socket(group.sa.sa_family, type | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(connect(fd, &group.sa, addr_len(&group)), 0);
	return fd;
}

static int take_all(int member, int type)
{
	struct addr peer;
	char byte;
	int count = 0, fd;

	if (type == SOCK_DGRAM) {
		while (recv(members[member], &byte, 1, MSG_DONTWAIT) >= 0)
			count++;
		return count;
	}
	while ((fd = sock_accept(members[member], &peer)) >= 0) {
		close(fd);
		count++;
	}
	return count;
}

static void spread(int type, int *counts)
{
	int clients[CLIENTS];

	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = connect_one(type);
		if (type == SOCK_DGRAM)
			cr_assert_eq(send(clients[i], "x", 1, 0), 1);
	}
	for (int i = 0; i < MEMBERS; i++)
		counts[i] = take_all(i, type);
	for (int i = 0; i < CLIENTS; i++)
		close(clients[i]);
}

static void expect_first_two_only(int family, int type)
{
	int counts[MEMBERS];

	make_group(family, type);
	cr_assert_eq(steer_among(members[3], &group, type, 2), 0);
	spread(type, counts);
	cr_assert_eq(counts[2] + counts[3], 0);
	cr_assert_eq(counts[0] + counts[1], CLIENTS);
	cr_assert_gt(counts[0], CLIENTS / 4);
	cr_assert_gt(counts[1], CLIENTS / 4);
	cr_assert_eq(steer_off(members[0]), 0);
	spread(type, counts);
	cr_assert_gt(counts[2], 0);
	cr_assert_gt(counts[3], 0);
}

Test(steer, sends_tcp_to_the_first_members_only)
{
	expect_first_two_only(AF_INET, SOCK_STREAM);
}

Test(steer, sends_tcp6_to_the_first_members_only)
{
	expect_first_two_only(AF_INET6, SOCK_STREAM);
}

Test(steer, sends_udp_to_the_first_members_only)
{
	expect_first_two_only(AF_INET, SOCK_DGRAM);
}

Test(steer, sends_udp6_to_the_first_members_only)
{
	expect_first_two_only(AF_INET6, SOCK_DGRAM);
}

Test(steer, keeps_a_udp_flow_together)
{
	make_group(AF_INET, SOCK_DGRAM);
	cr_assert_eq(steer_among(members[0], &group, SOCK_DGRAM, 3), 0);
	for (int i = 0; i < 100; i++) {
		int fd = connect_one(SOCK_DGRAM), hit = 0;
		for (int n = 0; n < 5; n++)
			cr_assert_eq(send(fd, "x", 1, 0), 1);
		for (int m = 0; m < MEMBERS; m++) {
			int count = take_all(m, SOCK_DGRAM);
			cr_assert(count == 0 || count == 5, "a flow was split");
			hit += count == 5;
		}
		cr_assert_eq(hit, 1);
		close(fd);
	}
}

Test(steer, needs_no_privilege)
{
	if (geteuid() == 0)
		cr_assert_eq(setresuid(65534, 65534, 65534), 0);
	expect_first_two_only(AF_INET, SOCK_STREAM);
}

Test(steer, refused_connections_wait_and_those_in_the_queue_stay, .timeout = 20)
{
	make_group(AF_INET, SOCK_STREAM);
	for (int i = 1; i < MEMBERS; i++)
		close(members[i]);
	int early = connect_one(SOCK_STREAM);
	cr_assert_eq(steer_refuse(members[0]), 0);
	int late = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	cr_assert_eq(connect(late, &group.sa, addr_len(&group)), -1);
	cr_assert_eq(errno, EINPROGRESS);
	struct pollfd p = { .fd = late, .events = POLLOUT };
	cr_assert_eq(poll(&p, 1, 100), 0, "it was let in");
	struct addr peer;
	int served = sock_accept(members[0], &peer);
	cr_assert_geq(served, 0);
	cr_assert_eq(write(early, "x", 1), 1);
	char byte;
	p = (struct pollfd){ .fd = served, .events = POLLIN };
	cr_assert_eq(poll(&p, 1, 10000), 1);
	cr_assert_eq(read(served, &byte, 1), 1);
}
