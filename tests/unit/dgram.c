/* SPDX-License-Identifier: MIT */
/*
 * dgram.c - datagrams in batches, between sockets on loopback.
 */
#include "net/dgram.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rig.h"
#include "sys/counts.h"
#include "sys/sock.h"

static struct dgram_socket dgram;
static int server = -1, asker = -1;
static struct addr at;                   /* where the server is */
static struct counts counts;
static unsigned packets, replies_each = 1;
static size_t last_len;
enum { IPV4_LONGEST = 65535 - 20 - 8 };

static char last[65535];

static void packet(struct dgram_socket *d, unsigned index, const void *data, size_t len)
{
	rig_enter();
	packets++;
	last_len = len;
	memcpy(last, data, len);
	for (unsigned i = 0; i < replies_each; i++)
		cr_assert_eq(dgram_reply(d, index, data, len), 0);
	rig_leave();
}

static struct addr bound_to(int fd)
{
	struct addr a;
	socklen_t len = sizeof(a);

	cr_assert_eq(getsockname(fd, &a.sa, &len), 0);
	return a;
}

static struct addr ipv4(const char *host, int port)
{
	struct addr a = {0};

	a.in.sin_family = AF_INET;
	a.in.sin_port = htons((uint16_t)port);
	cr_assert_eq(inet_pton(AF_INET, host, &a.in.sin_addr), 1);
	return a;
}

static struct addr ipv6(const char *host, int port)
{
	struct addr a = {0};

	a.in6.sin6_family = AF_INET6;
	a.in6.sin6_port = htons((uint16_t)port);
	cr_assert_eq(inet_pton(AF_INET6, host, &a.in6.sin6_addr), 1);
	return a;
}

static void serve(struct addr a)
{
	int size = 4 * 1024 * 1024;

	server = sock_bind(&a, SOCK_DGRAM);
	cr_assert_geq(server, 0);
	setsockopt(server, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	at = bound_to(server);
	dgram.packet = packet;
	dgram.counts = &counts;
	cr_assert_eq(dgram_start(&dgram, &rig.hub, server), 0);
	asker = socket(a.sa.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(asker, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

static void tear_down(void)
{
	dgram_stop(&dgram);
	dgram_stop(&dgram);
	close(server);
	close(asker);
	rig_down();
}

TestSuite(dgram, .init = rig_up, .fini = tear_down, .timeout = 30);

static void ask(struct addr to, const void *data, size_t len)
{
	cr_assert_eq(sendto(asker, data, len, 0, &to.sa, addr_len(&to)), (ssize_t)len);
}

/* One answer; gives who it is from. */
static struct addr hear(const void *data, size_t len)
{
	static char got[65535];
	struct addr from;
	socklen_t from_len = sizeof(from);

	ssize_t n = recvfrom(asker, got, sizeof(got), 0, &from.sa, &from_len);
	cr_assert_eq(n, (ssize_t)len, "%zd bytes (%s), wanted %zu", n, strerror(errno), len);
	cr_assert_eq(memcmp(got, data, len), 0);
	return from;
}

static unsigned count_answers(void)
{
	char got[64];
	unsigned n = 0;

	while (recv(asker, got, sizeof(got), 0) >= 0)
		n++;
	return n;
}

static void answers_from_where_it_was_asked(struct addr to)
{
	ask(to, "hello", 5);
	rig_turns(2);
	struct addr from = hear("hello", 5);
	cr_assert(addr_equal(&from, &to));
	cr_assert_eq(counts.errors[ERROR_UNSENT], 0);
}

Test(dgram, answers_a_batch_in_order)
{
	serve(ipv4("127.0.0.1", 0));
	for (char c = 'a'; c < 'a' + 20; c++)
		ask(at, &c, 1);
	rig_turn();
	cr_assert_eq(packets, 20);
	for (char c = 'a'; c < 'a' + 20; c++)
		hear(&c, 1);
	rig_sleeps();
}

Test(dgram, takes_more_than_one_batch_in_a_turn)
{
	serve(ipv4("127.0.0.1", 0));
	for (int i = 0; i < 3 * DGRAM_BATCH; i++)
		ask(at, "x", 1);
	rig_turn();
	cr_assert_eq(packets, 3 * DGRAM_BATCH);
	cr_assert_eq(count_answers(), 3 * DGRAM_BATCH);
}

Test(dgram, a_flood_does_not_hold_up_the_loop)
{
	serve(ipv4("127.0.0.1", 0));
	replies_each = 0;
	for (int i = 0; i < 10 * DGRAM_BATCH; i++)
		ask(at, "x", 1);
	rig_turn();
	cr_assert_lt(packets, 10 * DGRAM_BATCH);
	rig_turns(3);
	cr_assert_eq(packets, 10 * DGRAM_BATCH);
}

Test(dgram, a_batch_may_have_more_replies_than_datagrams)
{
	serve(ipv4("127.0.0.1", 0));
	replies_each = 3 * DGRAM_BATCH + 1;
	ask(at, "x", 1);
	ask(at, "y", 1);
	rig_turn();
	cr_assert_eq(count_answers(), 2 * replies_each);
	cr_assert_eq(counts.errors[ERROR_UNSENT], 0);
}

Test(dgram, takes_and_answers_the_empty_and_the_largest_datagram)
{
	static char all[65507];

	memset(all, 'z', sizeof(all));
	all[65506] = 'e';
	serve(ipv4("127.0.0.1", 0));
	ask(at, "", 0);
	rig_turn();
	cr_assert_eq(packets, 1);
	cr_assert_eq(last_len, 0);
	hear("", 0);
	ask(at, all, sizeof(all));
	rig_turn();
	cr_assert_eq(last_len, sizeof(all));
	cr_assert_eq(memcmp(last, all, sizeof(all)), 0);
	hear(all, sizeof(all));
	ask(at, "small", 5);
	rig_turn();
	hear("small", 5);
}

static void reply_too_large(struct dgram_socket *d, unsigned index, const void *data, size_t len)
{
	static char block[IPV4_LONGEST + 1];

	cr_assert_eq(dgram_reply(d, index, block, sizeof(block)), -1);
	cr_assert_eq(errno, EMSGSIZE);
	cr_assert_eq(dgram_reply(d, index, data, len), 0);
}

Test(dgram, a_reply_that_no_datagram_holds_is_refused_and_takes_no_other_with_it)
{
	serve(ipv4("127.0.0.1", 0));
	dgram.packet = reply_too_large;
	ask(at, "abc", 3);
	rig_turn();
	cr_assert_eq(counts.errors[ERROR_UNSENT], 0);
	hear("abc", 3);
}

Test(dgram, answers_from_the_address_that_was_asked)
{
	serve(ipv4("0.0.0.0", 0));
	answers_from_where_it_was_asked(ipv4("127.0.0.1", addr_port(&at)));
	answers_from_where_it_was_asked(ipv4("127.0.0.2", addr_port(&at)));
	answers_from_where_it_was_asked(ipv4("127.1.2.3", addr_port(&at)));
}

Test(dgram, answers_from_the_ipv6_address_that_was_asked)
{
	struct addr any = ipv6("::", 0);
	int fd = sock_bind(&any, SOCK_DGRAM);

	if (fd < 0)
		cr_skip_test("no IPv6 here");
	close(fd);
	serve(any);
	answers_from_where_it_was_asked(ipv6("::1", addr_port(&at)));
}

/* More packet-info than there is room for: the address comes first and stays. */
Test(dgram, answers_although_control_was_truncated)
{
	int on = 1;

	serve(ipv4("0.0.0.0", 0));
	cr_assert_eq(setsockopt(server, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on)), 0);
	cr_assert_eq(setsockopt(server, IPPROTO_IP, IP_RECVTOS, &on, sizeof(on)), 0);
	answers_from_where_it_was_asked(ipv4("127.0.0.2", addr_port(&at)));
}

Test(dgram, empties_its_queue_at_the_end)
{
	serve(ipv4("127.0.0.1", 0));
	for (int i = 0; i < 6 * DGRAM_BATCH; i++)
		ask(at, "x", 1);
	dgram_empty(&dgram);
	cr_assert_eq(packets, 6 * DGRAM_BATCH);
	dgram_stop(&dgram);
	ask(at, "x", 1);
	rig_turns(2);
	dgram_empty(&dgram);
	cr_assert_eq(packets, 6 * DGRAM_BATCH, "a packet after the stop");
}

/* ---- bugs that were ---- */

/* The reply was to leave from the broadcast address, which the kernel refuses. */
Test(dgram, answers_a_broadcast_from_an_address_of_its_own)
{
	int on = 1;

	serve(ipv4("0.0.0.0", 0));
	cr_assert_eq(setsockopt(asker, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on)), 0);
	struct addr to = ipv4("127.255.255.255", addr_port(&at));
	if (sendto(asker, "hello", 5, 0, &to.sa, addr_len(&to)) < 0)
		cr_skip_test("no broadcast here");
	rig_turns(2);
	cr_assert_eq(packets, 1);
	cr_assert_eq(counts.errors[ERROR_UNSENT], 0);
	struct addr from = hear("hello", 5), own = ipv4("127.0.0.1", addr_port(&at));
	cr_assert(addr_equal(&from, &own));
}

/* It was sent to descriptor 0, or to one that somebody else has by now. */
Test(dgram, sends_nothing_before_the_start_and_after_the_stop)
{
	struct dgram_socket zero = {0};

	serve(ipv4("127.0.0.1", 0));
	struct addr mine = ipv4("127.0.0.1", 0);
	cr_assert_eq(bind(asker, &mine.sa, addr_len(&mine)), 0);
	mine = bound_to(asker);
	cr_assert_eq(dup2(server, 0), 0);
	cr_assert_eq(dgram_send(&zero, &mine, "x", 1), -1);
	cr_assert_eq(errno, ENOTCONN);
	cr_assert_eq(count_answers(), 0);
	cr_assert_eq(dgram_send(&dgram, &mine, "x", 1), 0);
	cr_assert_eq(count_answers(), 1);
	dgram_stop(&dgram);
	cr_assert_eq(dgram_send(&dgram, &mine, "x", 1), -1);
	cr_assert_eq(errno, ENOTCONN);
	cr_assert_eq(count_answers(), 0);
	close(0);
}
