/* SPDX-License-Identifier: MIT */
/*
 * udp.c - datagrams as a plugin's udp_packet() sees them.
 */
#include "proto/udp.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/dgram.h"
#include "portico.h"
#include "rate_rig.h"
#include "rig.h"
#include "sys/sock.h"

static struct dgram_socket dgrams[2];
static struct addr addrs[2];             /* IPv4 twice: the first one sends */
static int servers[2], asker;
static struct addr here;                 /* the asker */
static unsigned packets;
static int (*on_packet)(struct portico_dgram *, const void *data, size_t len);

static int udp_packet(struct portico_dgram *d, const void *data, size_t len)
{
	rig_enter();
	packets++;
	int result = on_packet ? on_packet(d, data, len) : portico_dgram_reply(d, data, len);
	rig_leave();
	return result;
}

static int bind_here(struct addr *a)
{
	socklen_t len = sizeof(*a);

	*a = (struct addr){ .in = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	}};
	int fd = sock_bind(a, SOCK_DGRAM);
	cr_assert_geq(fd, 0);
	cr_assert_eq(getsockname(fd, &a->sa, &len), 0);
	return fd;
}

static void set_up(void)
{
	rig_up();
	rig.handler.plugin.udp_packet = udp_packet;
	asker = bind_here(&here);
	for (int i = 0; i < 2; i++)
		servers[i] = bind_here(&addrs[i]);
	rig.handler.sockets = dgrams;
	rig.handler.socket_addrs = addrs;
	rig.handler.socket_count = 2;
}

static void serve(void)
{
	for (int i = 0; i < 2; i++)
		cr_assert_eq(udp_start(&dgrams[i], &rig.hub, &rig.handler, servers[i]), 0);
}

static void stop(void)
{
	for (int i = 0; i < 2; i++)
		dgram_stop(&dgrams[i]);
}

static void tear_down(void)
{
	stop();
	close(servers[0]);
	close(servers[1]);
	close(asker);
	rig_down();
}

TestSuite(udp, .init = set_up, .fini = tear_down, .timeout = 30);

static void ask(int server, const char *text)
{
	cr_assert_eq(sendto(asker, text, strlen(text), 0, &addrs[server].sa,
		addr_len(&addrs[server])), (ssize_t)strlen(text));
	rig_turns(2);
}

static void hear(int server, const char *text)
{
	char got[64];
	struct addr from;
	socklen_t len = sizeof(from);

	ssize_t n = recvfrom(asker, got, sizeof(got), 0, &from.sa, &len);
	cr_assert_eq(n, (ssize_t)strlen(text));
	cr_assert_eq(memcmp(got, text, (size_t)n), 0);
	cr_assert(addr_equal(&from, &addrs[server]));
}

static void hear_nothing(void)
{
	char got[64];

	cr_assert_eq(recv(asker, got, sizeof(got), 0), -1);
	cr_assert_eq(errno, EAGAIN);
}

static struct portico_peer peer_of(const struct addr *a)
{
	struct portico_peer p = { .len = addr_len(a) };

	memcpy(&p.addr, a, p.len);
	return p;
}

Test(udp, answers_each_datagram_from_the_socket_it_came_to)
{
	serve();
	ask(0, "to the first");
	hear(0, "to the first");
	ask(1, "to the second");
	hear(1, "to the second");
}

static int look(struct portico_dgram *d, const void *data, size_t len)
{
	struct portico_peer peer, want = peer_of(&here);

	(void)data;
	cr_assert_eq(len, 3);
	cr_assert_eq(portico_dgram_service(d), &rig.handler);
	portico_dgram_peer(d, &peer);
	cr_assert_eq(peer.len, want.len);
	cr_assert_eq(memcmp(&peer.addr, &want.addr, peer.len), 0);
	return -1;               /* of this datagram, nothing more */
}

Test(udp, knows_who_asks_and_survives_an_error)
{
	serve();
	on_packet = look;
	ask(0, "abc");
	ask(0, "def");
	cr_assert_eq(packets, 2);
	hear_nothing();
	on_packet = NULL;
	ask(0, "ghi");
	hear(0, "ghi");
}

Test(udp, without_a_callback_datagrams_are_thrown_away)
{
	rig.handler.plugin.udp_packet = NULL;
	serve();
	ask(0, "abc");
	hear_nothing();
	rig_sleeps();
}

Test(udp, sends_from_the_first_socket_of_the_peers_family)
{
	struct portico_peer peer = peer_of(&here);

	serve();
	cr_assert_eq(portico_send(&rig.handler, &peer, "out of the blue", 15), 0);
	hear(0, "out of the blue");
}

Test(udp, says_why_it_cannot_send)
{
	static char block[70000];
	struct portico_peer peer = peer_of(&here), other = { .len = sizeof(struct sockaddr_in6) };
	struct portico_peer wrong = { .len = sizeof(struct sockaddr_storage) };

	serve();
	cr_assert_eq(portico_send(&rig.handler, &peer, block, sizeof(block)), -1);
	cr_assert_eq(errno, EMSGSIZE);
	other.addr.ss_family = AF_INET6;
	cr_assert_eq(portico_send(&rig.handler, &other, "x", 1), -1);
	cr_assert_eq(errno, EAFNOSUPPORT);
	cr_assert_eq(portico_send(&rig.handler, &wrong, "x", 1), -1);
	cr_assert_eq(errno, EAFNOSUPPORT);
	rig.handler.socket_count = 0;
	cr_assert_eq(portico_send(&rig.handler, &peer, "x", 1), -1);
	cr_assert_eq(errno, EAFNOSUPPORT);
}

/* A bug that was: descriptor 0, or a closed one that is somebody else's now. */
Test(udp, sends_nothing_before_the_first_packet_and_after_the_last)
{
	struct portico_peer peer = peer_of(&here);

	cr_assert_eq(dup2(servers[0], 0), 0);
	cr_assert_eq(portico_send(&rig.handler, &peer, "x", 1), -1);
	cr_assert_eq(errno, ENOTCONN);
	hear_nothing();
	serve();
	cr_assert_eq(portico_send(&rig.handler, &peer, "x", 1), 0);
	hear(0, "x");
	stop();
	cr_assert_eq(portico_send(&rig.handler, &peer, "x", 1), -1);
	cr_assert_eq(errno, ENOTCONN);
	hear_nothing();
	close(0);
}

Test(udp, a_datagram_over_the_rate_is_dropped)
{
	rate_up(2, 0);
	rig.handler.rate = &rate;
	serve();
	for (int i = 0; i < 2; i++) {
		ask(0, "x");
		hear(0, "x");
	}
	ask(0, "x");
	ask(1, "x");
	hear_nothing();
	cr_assert_eq(packets, 2);
	cr_assert_eq(rate_counts.limited[COUNT_CLIENT], 2);
	rate_down();
}
