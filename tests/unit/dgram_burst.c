/* SPDX-License-Identifier: MIT */
/*
 * dgram_burst.c - datagrams that come, or leave, through the kernel in one piece.
 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/udp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/dgram.h"
#include "rig.h"
#include "sys/counts.h"
#include "sys/sock.h"

enum { ASKERS = 2, LARGEST_PIECE = 65535 };

static struct dgram_socket dgram;
static struct counts counts;
static int server, askers[ASKERS];
static struct addr at;
static unsigned packets;
static size_t lens[4096];                /* of the packets */
static size_t reply_lens[256];           /* of the answers to each; 0 ends */
static char bytes[LARGEST_PIECE];

/* Answers with the same, or with so many bytes as the test says. */
static void packet(struct dgram_socket *d, unsigned index, const void *data, size_t len)
{
	rig_enter();
	lens[packets++] = len;
	if (reply_lens[0] == 0)
		cr_assert_eq(dgram_reply(d, index, data, len), 0);
	for (size_t i = 0; reply_lens[i] > 0; i++)
		cr_assert_eq(dgram_reply(d, index, bytes, reply_lens[i]), 0);
	rig_leave();
}

static void large(int fd)
{
	int size = 8 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static void set_up(void)
{
	socklen_t len = sizeof(at);

	rig_up();
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 7 + i / 999);
	at = (struct addr){ .in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) }};
	server = sock_bind(&at, SOCK_DGRAM);
	cr_assert_geq(server, 0);
	large(server);
	getsockname(server, &at.sa, &len);
	dgram.packet = packet;
	dgram.counts = &counts;
	cr_assert_eq(dgram_start(&dgram, &rig.hub, server), 0);
	for (int i = 0; i < ASKERS; i++) {
		askers[i] = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		large(askers[i]);
		cr_assert_eq(connect(askers[i], &at.sa, addr_len(&at)), 0);
	}
	if (dgram.longest_joined == 0)
		cr_skip_test("the kernel has no pieces");
}

static void tear_down(void)
{
	dgram_stop(&dgram);
	close(server);
	for (int i = 0; i < ASKERS; i++)
		close(askers[i]);
	rig_down();
}

TestSuite(dgram_burst, .init = set_up, .fini = tear_down, .timeout = 30);

static void ask_burst(int fd, size_t len, int segment)
{
	cr_assert_eq(setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)), 0);
	cr_assert_eq(send(fd, bytes, len, 0), (ssize_t)len, "%s", strerror(errno));
}

static void take_pieces(int fd)
{
	int on = 1;

	cr_assert_eq(setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)), 0);
}

/* One message: its length, or -1. */
static ssize_t hear(int fd, size_t offset)
{
	static char got[LARGEST_PIECE + 1];
	ssize_t n = recv(fd, got, sizeof(got), 0);

	cr_assert(n < 0 || memcmp(got, bytes + offset, (size_t)n) == 0, "other bytes");
	return n;
}

Test(dgram_burst, each_datagram_is_a_call_and_has_its_answer)
{
	ask_burst(askers[0], 16 * 100 + 30, 100);
	rig_turn();
	cr_assert_eq(packets, 17);
	for (unsigned i = 0; i < 17; i++) {
		cr_assert_eq(lens[i], i < 16 ? 100 : 30);
		cr_assert_eq(hear(askers[0], 100 * i), (ssize_t)lens[i]);
	}
	cr_assert_eq(hear(askers[0], 0), -1);
	cr_assert_eq(counts.datagrams_in, 17);
	cr_assert_eq(counts.datagrams_out, 17);
	cr_assert_eq(counts.bytes_in, 1630);
	cr_assert_eq(counts.bytes_out, 1630);
	cr_assert_eq(counts.latency.count, 17);
	rig_sleeps();
}

Test(dgram_burst, answers_of_one_size_leave_in_one_piece)
{
	take_pieces(askers[0]);
	ask_burst(askers[0], 16 * 100 + 30, 100);
	rig_turn();
	cr_assert_eq(hear(askers[0], 0), 1630);
	cr_assert_eq(hear(askers[0], 0), -1);
}

Test(dgram_burst, answers_to_datagrams_that_came_alone_do_so_too)
{
	take_pieces(askers[0]);
	for (int i = 0; i < 5; i++)
		send(askers[0], bytes + 10 * i, 10, 0);
	rig_turn();
	cr_assert_eq(packets, 5);
	cr_assert_eq(hear(askers[0], 0), 50);
	cr_assert_eq(counts.datagrams_out, 5);
}

Test(dgram_burst, other_sizes_begin_another_piece)
{
	static const size_t wanted[] = { 10, 10, 7, 10, 12, 12, 12, 5, 5 };
	static const ssize_t pieces[] = { 27, 10, 41, 5 };

	memcpy(reply_lens, wanted, sizeof(wanted));
	take_pieces(askers[0]);
	send(askers[0], "x", 1, 0);
	rig_turn();
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		char got[64];
		cr_assert_eq(recv(askers[0], got, sizeof(got), 0), pieces[i], "piece %zu", i);
	}
	cr_assert_eq(hear(askers[0], 0), -1);
	cr_assert_eq(counts.datagrams_out, 9);
}

Test(dgram_burst, two_senders_are_not_mixed)
{
	for (int i = 0; i < 6; i++)
		send(askers[i / 2 % 2], bytes + 10 * i, 10, 0);
	send(askers[0], "", 0, 0);
	rig_turn();
	for (int i = 0; i < 6; i++)
		cr_assert_eq(hear(askers[i / 2 % 2], (size_t)10 * i), 10);
	cr_assert_eq(hear(askers[0], 0), 0);
	cr_assert_eq(hear(askers[0], 0), -1);
	cr_assert_eq(hear(askers[1], 0), -1);
}

Test(dgram_burst, a_piece_has_its_bounds)
{
	enum { ANSWERS = 200, LARGE = 10000 };
	size_t n = 0;

	for (size_t i = 0; i < ANSWERS; i++)
		reply_lens[i] = i < ANSWERS / 2 ? 20 : LARGE;
	send(askers[0], "x", 1, 0);
	rig_turn();
	while (recv(askers[0], (char[1]){0}, 1, MSG_TRUNC) >= 0)
		n++;
	cr_assert_eq(n, ANSWERS);
	cr_assert_gt(dgram.longest_joined, LARGE, "nothing was tried in vain");
	cr_assert_eq(counts.errors[ERROR_UNSENT], 0);
}

static void answers_arrive_apart(size_t size)
{
	ask_burst(askers[0], 5 * size, (int)size);
	rig_turn();
	cr_assert_eq(packets, 5);
	for (size_t i = 0; i < 5; i++)
		cr_assert_eq(hear(askers[0], i * size), (ssize_t)size);
	cr_assert_eq(counts.datagrams_out, 5);
	cr_assert_eq(counts.bytes_out, 5 * size);
	cr_assert_eq(counts.errors[ERROR_UNSENT], 0);
}

/* As over a network, where a datagram may be larger than a packet and a segment may not. */
Test(dgram_burst, answers_larger_than_a_packet_go_apart)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	dgram_stop(&dgram);
	close(server);
	close(askers[0]);
	close(askers[1]);
	rig_down();
	if (unshare(CLONE_NEWNET) < 0)
		cr_skip_test("may not have a network of its own");
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	set_up();
	ask_burst(askers[0], 5 * 2000, 2000);
	lo.ifr_mtu = 1500;
	cr_assert_eq(ioctl(fd, SIOCSIFMTU, &lo), 0);
	close(fd);
	rig_turn();
	cr_assert_eq(packets, 5);
	for (size_t i = 0; i < 5; i++)
		cr_assert_eq(hear(askers[0], i * 2000), 2000);
	cr_assert_eq(counts.errors[ERROR_UNSENT], 0);
	cr_assert_eq(dgram.longest_joined, 1999, "is not tried again");
}

/* The kernel has no segments without checksums. */
Test(dgram_burst, a_path_that_knows_no_pieces_has_answers_apart)
{
	int on = 1;

	cr_assert_eq(setsockopt(server, SOL_SOCKET, SO_NO_CHECK, &on, sizeof(on)), 0);
	answers_arrive_apart(100);
	cr_assert_gt(dgram.longest_joined, 100, "one odd path is not everybody's");
}

Test(dgram_burst, a_flood_of_pieces_does_not_hold_up_the_loop)
{
	reply_lens[0] = 1;
	for (int i = 0; i < 40; i++)
		ask_burst(askers[0], 64 * 10, 10);
	unsigned before = 0;
	rig_turn();
	while (packets > before) {
		cr_assert_leq(packets - before, before == 0 ? 32 * 64 : 3 * 128);
		before = packets;
		rig_turn();
	}
	cr_assert_eq(packets, 40 * 64);
}

Test(dgram_burst, who_is_told_apart_by_payload_has_none)
{
	int on = -1;
	socklen_t len = sizeof(on);

	dgram_stop(&dgram);
	dgram.apart = true;
	cr_assert_eq(dgram_start(&dgram, &rig.hub, server), 0);
	cr_assert_eq(getsockopt(server, SOL_UDP, UDP_GRO, &on, &len), 0);
	cr_assert_eq(on, 0);
	answers_arrive_apart(100);
}
