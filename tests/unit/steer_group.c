/* SPDX-License-Identifier: MIT */
/*
 * steer_group.c - what real groups do with the programs.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include "steer_rig.h"
#include "sys/sock.h"

TestSuite(steer_group, .timeout = 120);

enum { CONNECTIONS = 20000, BATCH = 200, CLIENTS = 200 };

static const uint32_t three_to_one[RIG_MEMBERS] = { 3, 1, 0, 0 };

static struct rig_group group;

static struct steer by(enum steer_by how)
{
	return rig_steer(how, group.at.sa.sa_family, RIG_MEMBERS);
}

static void attach(const struct steer *s)
{
	cr_assert_eq(steer_attach(group.members[1], s), 0, "%s", strerror(errno));
}

/* The n-th of many clients of loopback. */
static struct addr loopback_client(uint32_t n)
{
	struct addr a = { .in = { .sin_family = AF_INET } };

	a.in.sin_addr.s_addr = htonl((UINT32_C(127) << 24) + 256 + n);
	return a;
}

/* One of rig_network6()'s. */
static struct addr network_client(uint32_t n)
{
	struct addr a = packet_of(AF_INET6, n).from;

	a.in6.sin6_port = 0;
	return a;
}

static unsigned accept_all(int member)
{
	struct addr peer;
	unsigned count = 0;
	int fd;

	for (; (fd = sock_accept(member, &peer)) >= 0; count++)
		close(fd);
	return count;
}

/* client: NULL or who the n-th is. */
static void make_connections(struct addr (*client)(uint32_t n), unsigned *counts)
{
	int fds[BATCH];

	for (uint32_t n = 0; n < CONNECTIONS; n += BATCH) {
		for (uint32_t i = 0; i < BATCH; i++) {
			struct addr from = client ? client(n + i) : (struct addr){ 0 };
			fds[i] = rig_connect(&group, client ? &from : NULL);
			sock_reset_on_close(fds[i]);
		}
		for (unsigned m = 0; m < RIG_MEMBERS; m++)
			counts[m] += accept_all(group.members[m]);
		for (unsigned i = 0; i < BATCH; i++)
			close(fds[i]);
	}
}

static void expect_three_to_one(enum steer_by how, struct addr (*client)(uint32_t n))
{
	struct steer s = by(how);
	unsigned counts[RIG_MEMBERS] = { 0 };

	s.weights = three_to_one;
	attach(&s);
	make_connections(client, counts);
	cr_assert_eq(counts[0] + counts[1], CONNECTIONS);
	double share = 100. * counts[0] / CONNECTIONS;
	cr_assert_leq(fabs(share - 75), 2., "%.1f %%", share);
}

Test(steer_group, shares_20000_connections_by_weight)
{
	rig_group(&group, AF_INET, SOCK_STREAM);
	expect_three_to_one(STEER_CHANCE, NULL);
}

Test(steer_group, shares_20000_connections_over_ipv6_by_weight)
{
	rig_group(&group, AF_INET6, SOCK_STREAM);
	expect_three_to_one(STEER_CHANCE, NULL);
}

Test(steer_group, shares_20000_sources_by_weight)
{
	rig_group(&group, AF_INET, SOCK_STREAM);
	expect_three_to_one(STEER_SOURCE, loopback_client);
}

Test(steer_group, shares_udp_flows_by_weight)
{
	EACH(int, family, families) {
		rig_group(&group, *family, SOCK_DGRAM);
		struct steer s = by(STEER_FLOW);
		s.weights = three_to_one;
		attach(&s);
		unsigned counts[RIG_MEMBERS] = { 0 };
		for (unsigned n = 0; n < 4000; n++)
			counts[rig_visit(&group, NULL)]++;
		cr_assert_eq(counts[0] + counts[1], 4000);
		cr_assert_leq(fabs(counts[0] / 40. - 75), 2.5, "%u of 4000", counts[0]);
	}
}

/* Where the program sends a client, by our own machine. */
static unsigned predict(const struct steer *s, const struct addr *from)
{
	struct rig_program program;
	struct packet p = { .family = s->family, .from = *from };

	rig_compile(s, &program);
	return rig_run(&program, &p);
}

static void expect_flows_where_predicted(int family, int type)
{
	rig_group(&group, family, type);
	struct steer s = by(STEER_FLOW);
	attach(&s);
	for (int i = 0; i < CLIENTS; i++) {
		struct addr from;
		socklen_t len = sizeof(from);
		int fd = rig_connect(&group, NULL);
		cr_assert_eq(getsockname(fd, &from.sa, &len), 0);
		if (type == SOCK_DGRAM)
			cr_assert_eq(send(fd, "x", 1, 0), 1);
		cr_assert_eq(rig_landed(&group), predict(&s, &from));
		close(fd);
	}
}

Test(steer_group, a_flow_is_the_address_and_the_port)
{
	expect_flows_where_predicted(AF_INET, SOCK_STREAM);
	expect_flows_where_predicted(AF_INET, SOCK_DGRAM);
	expect_flows_where_predicted(AF_INET6, SOCK_STREAM);
	expect_flows_where_predicted(AF_INET6, SOCK_DGRAM);
}

/* Each client where the program says, and there again after another program was
 * attached; while one member is closed only its clients are elsewhere. */
static void expect_sources_stay(struct addr (*client)(uint32_t n))
{
	struct steer s = by(STEER_SOURCE), away = s;
	unsigned home[CLIENTS], moved = 0;

	attach(&s);
	for (uint32_t n = 0; n < CLIENTS; n++) {
		struct addr from = client(n);
		home[n] = rig_visit(&group, &from);
		cr_assert_eq(home[n], predict(&s, &from));
	}
	away.closed = (bool[RIG_MEMBERS]){ [2] = true };
	attach(&away);
	for (uint32_t n = 0; n < CLIENTS; n++) {
		struct addr from = client(n);
		unsigned member = rig_visit(&group, &from);
		cr_assert_neq(member, 2);
		cr_assert(home[n] == 2 || member == home[n]);
		moved += home[n] == 2;
	}
	cr_assert_gt(moved, CLIENTS / 8);
	attach(&s);
	for (uint32_t n = 0; n < CLIENTS; n++) {
		struct addr from = client(n);
		cr_assert_eq(rig_visit(&group, &from), home[n]);
	}
}

Test(steer_group, a_source_keeps_its_member)
{
	rig_group(&group, AF_INET, SOCK_STREAM);
	expect_sources_stay(loopback_client);
	rig_group(&group, AF_INET, SOCK_DGRAM);
	expect_sources_stay(loopback_client);
}

Test(steer_group, a_source_of_ipv6_keeps_its_member)
{
	rig_network6(CLIENTS);
	rig_group(&group, AF_INET6, SOCK_STREAM);
	expect_sources_stay(network_client);
	rig_group(&group, AF_INET6, SOCK_DGRAM);
	expect_sources_stay(network_client);
}

/* Nets of 32 clients each. */
static void expect_nets_together(unsigned prefix, uint32_t net, struct addr (*client)(uint32_t n))
{
	struct steer s = by(STEER_SOURCE);
	bool used[RIG_MEMBERS] = { false };

	s.prefix = prefix;
	attach(&s);
	for (uint32_t n = 0; n < 16; n++) {
		struct addr from = client(n * net);
		unsigned member = rig_visit(&group, &from);
		used[member] = true;
		for (uint32_t i = 1; i < 32; i++) {
			from = client(n * net + i);
			cr_assert_eq(rig_visit(&group, &from), member);
		}
	}
	cr_assert(used[0] + used[1] + used[2] + used[3] >= 3, "the nets are not spread");
}

Test(steer_group, a_prefix_keeps_a_net_together)
{
	rig_group(&group, AF_INET, SOCK_STREAM);
	expect_nets_together(24, 256, loopback_client);
}

Test(steer_group, a_prefix_of_ipv6_keeps_a_net_together)
{
	rig_network6(16 * 32);
	rig_group(&group, AF_INET6, SOCK_STREAM);
	expect_nets_together(128 - 5, 32, network_client);
}

static bool pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

static void expect_cpu(int family, int type)
{
	struct steer s;
	int seen = 0;

	rig_group(&group, family, type);
	s = by(STEER_CPU);
	s.count = 3;
	attach(&s);
	for (int cpu = 0; cpu < 64; cpu++) {
		if (!pin(cpu))
			continue;
		seen++;
		for (int i = 0; i < 20; i++)
			cr_assert_eq(rig_visit(&group, NULL), (unsigned)cpu % 3);
	}
	cr_assert_gt(seen, 0);
}

/* On loopback the sender's CPU takes the packet. */
Test(steer_group, goes_by_the_cpu)
{
	expect_cpu(AF_INET, SOCK_STREAM);
	expect_cpu(AF_INET, SOCK_DGRAM);
	expect_cpu(AF_INET6, SOCK_STREAM);
	expect_cpu(AF_INET6, SOCK_DGRAM);
}

static unsigned send_and_see(int fd, const struct packet *p)
{
	cr_assert_eq(send(fd, p->payload, p->length, 0), (ssize_t)p->length);
	return rig_landed(&group);
}

/* The bytes count and nothing else, or for a short one its flow; as our own machine has it. */
static void expect_payload(int family)
{
	struct rig_program program;
	struct packet p = { .family = family };
	socklen_t len = sizeof(p.from);
	bool used[RIG_MEMBERS] = { false };
	unsigned flow_member = RIG_MEMBERS;

	rig_group(&group, family, SOCK_DGRAM);
	struct steer s = by(STEER_PAYLOAD);
	attach(&s);
	rig_compile(&s, &program);
	int one = rig_connect(&group, NULL), other = rig_connect(&group, NULL);
	cr_assert_eq(getsockname(one, &p.from.sa, &len), 0);
	for (uint8_t n = 0; n < 50; n++) {
		for (p.length = 0; p.length < 10; p.length++) {
			memset(p.payload, n, sizeof(p.payload));
			p.payload[0] = p.payload[1] = p.payload[6] = (uint8_t)p.length;
			unsigned member = send_and_see(one, &p);
			cr_assert_eq(member, rig_run(&program, &p));
			used[member] = true;
			if (p.length >= 6)
				cr_assert_eq(send_and_see(other, &p), member);
			else if (flow_member == RIG_MEMBERS)
				flow_member = member;
			else
				cr_assert_eq(member, flow_member, "a short datagram left its flow");
		}
	}
	cr_assert(used[0] && used[1] && used[2] && used[3]);
	close(one);
	close(other);
}

Test(steer_group, goes_by_the_payload)
{
	expect_payload(AF_INET);
	expect_payload(AF_INET6);
}

Test(steer_group, short_datagrams_of_many_flows_are_spread)
{
	unsigned counts[RIG_MEMBERS] = { 0 };

	rig_group(&group, AF_INET6, SOCK_DGRAM);
	struct steer s = by(STEER_PAYLOAD);
	attach(&s);
	for (int i = 0; i < 400; i++)
		counts[rig_visit(&group, NULL)]++;
	for (int i = 0; i < RIG_MEMBERS; i++)
		cr_assert_gt(counts[i], 50);
}

Test(steer_group, takes_every_program_without_privilege)
{
	static uint32_t weights[STEER_MEMBERS];
	static bool closed[STEER_MEMBERS];

	if (geteuid() == 0)
		cr_assert_eq(setresuid(65534, 65534, 65534), 0);
	rig_group(&group, AF_INET, SOCK_DGRAM);
	for (unsigned i = 0; i < STEER_MEMBERS; i++) {
		weights[i] = 1000 + i;
		closed[i] = i == 7;
	}
	for (int how = STEER_CHANCE; how <= STEER_PAYLOAD; how++) {
		struct steer s = by(how);
		attach(&s);
		s.count = STEER_MEMBERS;
		s.weights = weights;
		s.closed = closed;
		if (steer_attach(group.members[0], &s) < 0)
			cr_assert_eq(errno, ENOMEM, "%s", strerror(errno));
	}
	cr_assert_eq(steer_off(group.members[0]), 0);
}
