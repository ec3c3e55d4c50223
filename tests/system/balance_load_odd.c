/* SPDX-License-Identifier: MIT */
/* balance_load_odd.c - balance = load, and workers that block or die, handshakes that never end. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "balance_rig.h"
#include "client.h"
#include "harness.h"
#include "load.h"
#include "load_rig.h"
#include "operate.h"
#include "server.h"

TestSuite(balance_load_odd, .init = load_set_up, .fini = harness_tear_down, .timeout = 90);

/* While its loop stands still, for however short a time, nobody new comes to it. */
Test(balance_load_odd, a_worker_that_is_blocked_gets_nobody)
{
	struct server *s = server_start(MOODY("block = 1s\nevery = 1000000000\n"), 4);
	struct census_of of = { .how = CENSUS_HTTP, .port = 8080 };
	struct response r;
	char probe;

	NEEDS_BPF();
	int fd = client_connect(8080);
	client_get(fd, "/", &r);
	unsigned blocked = (unsigned)(r.body[0] - '0');
	client_says(fd, "GET /block HTTP/1.1\r\nHost: test\r\n\r\n");
	server_await(s, "stands still");
	unsigned asked = 0;
	while (recv(fd, &probe, 1, MSG_PEEK | MSG_DONTWAIT) <= 0 && asked < 400) {
		unsigned slot = census_ask(&of, asked++);
		bool over = recv(fd, &probe, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
		cr_assert(over || slot != blocked, "client %u came to it", asked);
	}
	cr_assert_geq(asked, 20, "only %u were asked meanwhile", asked);
	close(fd);
	load_end(s);
}

Test(balance_load_odd, a_slot_that_dies_now_and_then_loses_nobody_new)
{
	struct server *s = server_start(WHO, 4);
	struct load l;

	NEEDS_BPF();
	load_start(&l, 8080, PER_SECOND);
	pid_t old = 0;
	for (unsigned i = 0; i < 8; i++) {
		pid_t next = status_await_worker(1);
		for (double end = seconds_now() + PATIENCE; next == old; next = status_await_worker(1))
			cr_assert_lt(seconds_now(), end);
		old = next;
		cr_assert_eq(kill(old, SIGKILL), 0);
		load_await(&l, 60);
	}
	load_stop(&l);
	/* What a worker had in its hands when it was killed is lost, and nothing else. */
	cr_assert_eq(l.result->refused + l.result->timed_out + l.result->wrong + l.result->others, 0);
	cr_assert_leq(l.result->reset + l.result->truncated, 16, "reset %u, truncated %u",
		l.result->reset, l.result->truncated);
	load_end(s);
}

/* ---- SYNs that never complete ---- */

struct syn {                             /* an IPv4 TCP header without options */
	uint16_t from, to;
	uint32_t seq, ack;
	uint8_t  offset, flags;
	uint16_t window, sum, urgent;
};

static uint16_t sum_of(const void *data, size_t len, uint32_t sum)
{
	const uint8_t *at = data;

	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)at[i] << 8 | at[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* From an address that nobody answers for: the SYN-ACK goes nowhere, and no reset comes back. */
static void send_syns(int port, unsigned count)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in from = { .sin_family = AF_INET };
	int raw = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_TCP);

	cr_assert_geq(raw, 0);
	inet_pton(AF_INET, "127.77.0.1", &from.sin_addr);
	cr_assert_eq(bind(raw, (struct sockaddr *)&from, sizeof(from)), 0);
	for (unsigned i = 0; i < count; i++) {
		struct syn p = {
			.from = htons((uint16_t)(20000 + i)), .to = htons((uint16_t)port),
			.seq = htonl(i), .offset = 5 << 4, .flags = 0x02, .window = htons(1000),
		};
		uint32_t pseudo = 0;
		pseudo += (ntohl(from.sin_addr.s_addr) >> 16) + (ntohl(from.sin_addr.s_addr) & 0xffff);
		pseudo += (ntohl(to.sin_addr.s_addr) >> 16) + (ntohl(to.sin_addr.s_addr) & 0xffff);
		p.sum = htons((uint16_t)~sum_of(&p, sizeof(p), pseudo + IPPROTO_TCP + sizeof(p)));
		cr_assert_eq(sendto(raw, &p, sizeof(p), 0, (struct sockaddr *)&to, sizeof(to)),
			(ssize_t)sizeof(p));
	}
	close(raw);
}

static bool is_even_for_newcomers(void *arg)
{
	(void)arg;
	crowd_leave(&crowd, crowd.count);
	crowd_join(&crowd, 8080, 200);
	return crowd_fullest(&crowd, 4) <= EVEN;
}

/* The kernel resets them at once here, since 127.77.0.1 is ours: given, and never come.  Two seconds
 * later none of it counts. */
Test(balance_load_odd, handshakes_that_never_end_do_not_count_for_ever)
{
	struct server *s = server_start(WHO, 4);
	struct outcome o;

	NEEDS_BPF();
	verb_succeeds(&o, "drain", "0");
	send_syns(8080, 900);
	verb_succeeds(&o, "undrain", "0");
	load_stay(100);
	cr_assert_geq(crowd_of(&crowd, 0), 90, "those that never came do not count at all");
	cr_assert(wait_until(is_even_for_newcomers, NULL, 10.), "%u %u %u %u of 200",
		crowd_of(&crowd, 0), crowd_of(&crowd, 1), crowd_of(&crowd, 2), crowd_of(&crowd, 3));
	load_end(s);
}

/* ---- tcp, several addresses ---- */

enum { AT_FIRST = 400, AT_MOST = 460 };

struct talkers {
	int count, fds[AT_MOST];
};

/* Over either address in turn, and they stay. */
static void talk(struct talkers *t, int more)
{
	char byte;

	cr_assert_leq(t->count + more, AT_MOST, "never even");
	for (; more > 0; more--) {
		int fd = client_try_connect(t->count % 2 ? "::1" : "127.0.0.1", 7100);
		client_send(fd, "x", 1);
		client_read(fd, &byte, 1);
		t->fds[t->count++] = fd;
	}
}

/* How many clients more it takes until each slot has as many as the fullest. */
static int missing(void)
{
	json_t *status = status_read(), *slot;
	long long most = 0, sum = 0;
	size_t i;

	json_array_foreach(json_object_get(status, "slots"), i, slot) {
		long long active = json_integer_value(json_object_get(slot, "active"));
		most = active > most ? active : most;
		sum += active;
	}
	json_decref(status);
	return (int)(4 * most - sum);
}

static bool each_has_its_part(void *arg)
{
	struct census *c = arg;
	bool so = true;

	census_take(c, &(struct census_of){ .how = CENSUS_TCP, .port = 7000 }, 2000);
	for (unsigned i = 0; i < 4; i++)
		so = so && census_share(c, i) >= .05;
	return so;
}

/* Clients that stay are made up for by the next that come.  Of those that leave at once a worker that gets its core
 * late, beside somebody who computes, has a tenth for seconds, rightly: it is done with each of them late. */
Test(balance_load_odd, tcp_and_two_addresses_have_one_table)
{
	struct server *s = server_start("[portico]\nworkers = 4\nstall = 0\n"
		"[service lines]\nprotocol = tcp\nlisten = 127.0.0.1:7000, [::1]:7000\nbalance = load\n"
		"[handler lines]\nplugin = ${T}/who.so\n"
		"[service echo]\nprotocol = tcp\nlisten = 127.0.0.1:7100, [::1]:7100\nbalance = load\n"
		"[handler echo]\nplugin = ${E}/echo.so\n");
	struct talkers echo = {0};
	struct census c;

	NEEDS_BPF_OF("lines");
	talk(&echo, AT_FIRST);
	for (int more; (more = missing()) > 0;)
		talk(&echo, more);
	cr_assert(wait_until(each_has_its_part, &c, PATIENCE), "%u %u %u %u of 2000", c.hits[0], c.hits[1],
		c.hits[2], c.hits[3]);
	for (int i = 0; i < echo.count; i++)
		close(echo.fds[i]);
	load_end(s);
}
