/* SPDX-License-Identifier: MIT */
/*
 * addresses_end.c - an address that ends while clients come to it, of a server that
 * an ordinary user runs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(addresses_end);

enum { PER_SECOND = 400, NOBODY = 65534, CLIENTS = 20 };
enum { SLOW = 8, MOST = 900 };

#define SLOW_STEP 0.01           /* SLOW of these: a round trip of 80 ms */
#define REQUEST "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"

#define HELLO                                                                \
	"[portico]\nworkers = 2\n"                                           \
	"[service web]\nprotocol = http\nlisten = %s\n"                      \
	"[handler web /]\nplugin = ${E}/hello.so\n"

static struct server *start(const char *listen)
{
	write_file("portico.ini", HELLO, listen);
	struct server *s = server_spawn(&(struct spawn){ .uid = NOBODY });
	server_await_generation(s, 1);
	return s;
}

static void reload_to(struct server *s, const char *listen)
{
	struct outcome o;

	write_file("portico.ini", HELLO, listen);
	verb_succeeds(&o, "reload", NULL);
	cr_assert(!server_says(s, "cannot refuse"));
}

/* ---- new ones ---- */

/* A SYN that was dropped comes again after a second. */
static unsigned waited(const struct load_result *r)
{
	unsigned started = r->started < LOAD_WAITS ? r->started : LOAD_WAITS, count = 0;

	for (unsigned i = 0; i < started; i++)
		count += r->waits[i] >= 900;
	return count;
}

/* What is more exact wins in the kernel: while it ends it must not be found.  The clients go
 * to the other at once; but one may come between two slots of the one that ends. */
static void change_under_load(const char *from, const char *to,
	void (*begin)(struct load *, int, unsigned))
{
	struct server *s = start(from);
	struct load l;

	begin(&l, 8080, PER_SECOND);
	reload_to(s, to);
	server_await(s, "retired: what had to end is closed");
	load_await(&l, 20);
	load_stop(&l);
	load_lost_nothing(l.result);
	cr_assert(has_sanitizers() || waited(l.result) < 10, "%u waited", waited(l.result));
	server_stop(s);
}

Test(addresses_end, one_becomes_all_and_nothing_is_lost)
{
	change_under_load("127.0.0.1:8080", "0.0.0.0:8080", load_start);
}

Test(addresses_end, all_become_one_and_nothing_is_lost)
{
	change_under_load("0.0.0.0:8080", "127.0.0.1:8080", load_start);
}

Test(addresses_end, one_becomes_all_over_ipv6_and_nothing_is_lost)
{
	change_under_load("[::1]:8080", "[::]:8080", load_start6);
}

Test(addresses_end, all_become_one_over_ipv6_and_nothing_is_lost)
{
	change_under_load("[::]:8080", "[::1]:8080", load_start6);
}

Test(addresses_end, new_clients_are_refused_while_the_sockets_wait)
{
	struct server *s = start("127.0.0.1:8080, 127.0.0.1:8081");

	reload_to(s, "127.0.0.1:8080");
	cr_assert(client_is_refused("127.0.0.1", 8081));
	cr_assert_eq(sockets_on("tcp", 8081), 2, "they are closed already");
	sockets_await("tcp", 8081, 0);
	server_stop(s);
}

/* ---- those on their way ---- */

static int patient_socket(int family)
{
	struct timeval patience = { .tv_sec = (time_t)PATIENCE };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	return fd;
}

static void expect_answer(int fd, int client)
{
	struct response r;

	cr_assert(client_response(fd, &r), "client %d has no answer", client);
	cr_assert_eq(r.status, 200);
	close(fd);
}

static struct addrinfo *address_of(const char *host)
{
	struct addrinfo hint = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM }, *to;

	cr_assert_eq(getaddrinfo(host, "8080", &hint, &to), 0);
	return to;
}

/* Does not hear the server's half of the handshake until it is let. */
static int begin_handshake(const char *host)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { .len = 1, .filter = nothing };
	struct addrinfo *to = address_of(host);
	int fd = patient_socket(to->ai_family);

	cr_assert_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	cr_assert_eq(connect(fd, to->ai_addr, to->ai_addrlen), -1);
	cr_assert_eq(errno, EINPROGRESS);
	freeaddrinfo(to);
	return fd;
}

static void let_hear(int fd)
{
	int unused = 0;

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof(unused)), 0);
	cr_assert_eq(fcntl(fd, F_SETFL, 0), 0);
}

struct handshakes {
	const char *table;
	int         fds[CLIENTS];
};

static void begin_handshakes(struct handshakes *h, const char *host)
{
	h->table = strchr(host, ':') ? "tcp6" : "tcp";
	for (int i = 0; i < CLIENTS; i++)
		h->fds[i] = begin_handshake(host);
	sockets_await_half_open(h->table, 8080, CLIENTS);
}

/* Each has to be answered. */
static void end_handshakes(struct handshakes *h)
{
	for (int i = 0; i < CLIENTS; i++)
		let_hear(h->fds[i]);
	sockets_await_half_open(h->table, 8080, 0);
	for (int i = 0; i < CLIENTS; i++) {
		client_says(h->fds[i], REQUEST);
		expect_answer(h->fds[i], i);
	}
}

static void change_amid_handshakes(const char *from, const char *to, const char *host)
{
	struct server *s = start(from);
	struct handshakes h;

	cr_assert(load_on_one_cpu());
	begin_handshakes(&h, host);
	reload_to(s, to);
	end_handshakes(&h);
	server_stop(s);
}

Test(addresses_end, handshakes_on_their_way_are_served)
{
	change_amid_handshakes("127.0.0.1:8080", "0.0.0.0:8080", "127.0.0.1");
}

Test(addresses_end, handshakes_on_their_way_are_served_over_ipv6)
{
	change_amid_handshakes("[::1]:8080", "[::]:8080", "::1");
}

Test(addresses_end, handshakes_on_their_way_are_served_when_nobody_comes_after)
{
	change_amid_handshakes("127.0.0.1:8080", "127.0.0.1:8081", "127.0.0.1");
}

/* ---- the last packet of a handshake that comes late ---- */

/* As over a long wire: with TCP_DEFER_ACCEPT a client keeps its half of the handshake back
 * for 200 ms, or until it sends. */
static int connect_slowly(const char *host)
{
	struct addrinfo *to = address_of(host);
	int fd = patient_socket(to->ai_family), yes = 1;

	cr_assert_eq(setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &yes, sizeof(yes)), 0);
	cr_assert_eq(connect(fd, to->ai_addr, to->ai_addrlen), 0, "%s", strerror(errno));
	freeaddrinfo(to);
	return fd;
}

/* SLOW of them at a time are half open, at any moment, until it is over. */
static void change_under_slow_clients(const char *from, const char *to, const char *host)
{
	static int fds[MOST];
	struct server *s = start(from);
	int begun = 0, asked = 0, more = 0;

	cr_assert(load_on_one_cpu());
	for (; more < SLOW && begun < MOST; begun++) {
		fds[begun] = connect_slowly(host);
		if (begun == SLOW)
			reload_to(s, to);
		if (begun >= SLOW)
			client_says(fds[asked++], REQUEST);
		let_pass(SLOW_STEP);
		more += more > 0 || server_says(s, "retired: what had to end is closed");
	}
	cr_assert_eq(more, SLOW, "it was never over");
	while (asked < begun)
		client_says(fds[asked++], REQUEST);
	for (int i = 0; i < begun; i++)
		expect_answer(fds[i], i);
	server_stop(s);
}

Test(addresses_end, clients_far_away_lose_nothing)
{
	change_under_slow_clients("127.0.0.1:8080", "0.0.0.0:8080", "127.0.0.1");
}

Test(addresses_end, clients_far_away_lose_nothing_over_ipv6)
{
	change_under_slow_clients("[::1]:8080", "[::]:8080", "::1");
}
