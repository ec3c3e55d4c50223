/* SPDX-License-Identifier: MIT */
/*
 * steer.c - leaving members out, leaving it to the kernel again.
 */
#include "sys/steer.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "steer_rig.h"
#include "sys/sock.h"

TestSuite(steer, .timeout = 60);

enum { CLIENTS = 400 };

static struct rig_group group;

static void steer_to_first(unsigned count)
{
	const struct steer s = {
		.by = group.type == SOCK_STREAM ? STEER_CHANCE : STEER_FLOW,
		.family = group.at.sa.sa_family,
		.count = count,
	};
	cr_assert_eq(steer_attach(group.members[3], &s), 0);
}

static void spread(unsigned *counts)
{
	for (int i = 0; i < RIG_MEMBERS; i++)
		counts[i] = 0;
	for (int i = 0; i < CLIENTS; i++)
		counts[rig_visit(&group, NULL)]++;
}

static void expect_first_two_only(int family, int type)
{
	unsigned counts[RIG_MEMBERS];

	rig_group(&group, family, type);
	steer_to_first(2);
	spread(counts);
	cr_assert_eq(counts[2] + counts[3], 0);
	cr_assert_gt(counts[0], CLIENTS / 4);
	cr_assert_gt(counts[1], CLIENTS / 4);
	cr_assert_eq(steer_off(group.members[0]), 0);
	cr_assert_eq(steer_off(group.members[0]), 0, "nothing was there");
	spread(counts);
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
	rig_group(&group, AF_INET, SOCK_DGRAM);
	steer_to_first(3);
	for (int i = 0; i < 100; i++) {
		int fd = rig_connect(&group, NULL);
		cr_assert_eq(send(fd, "x", 1, 0), 1);
		unsigned member = rig_landed(&group);
		for (int n = 0; n < 5; n++) {
			cr_assert_eq(send(fd, "x", 1, 0), 1);
			cr_assert_eq(rig_landed(&group), member, "a flow was split");
		}
		close(fd);
	}
}

Test(steer, needs_no_privilege)
{
	if (geteuid() == 0)
		cr_assert_eq(setresuid(65534, 65534, 65534), 0);
	expect_first_two_only(AF_INET, SOCK_STREAM);
}
