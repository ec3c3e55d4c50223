/* SPDX-License-Identifier: MIT */
/* addresses.c - addresses that come, go and move on reload. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(addresses);

enum { PER_SECOND = 400 };

#define HELLO                                                                \
	"[portico]\nworkers = 2\n"                                           \
	"[service web]\nprotocol = http\nlisten = %s\n"                      \
	"[handler web /]\nplugin = ${E}/hello.so\n"
#define FLOWS                                                                \
	"[portico]\nworkers = 2\n"                                           \
	"[service flows]\nprotocol = udp\nlisten = %s\n"                     \
	"[handler flows]\nplugin = ${T}/who.so\n"

static void reload_to(const char *ini, const char *listen)
{
	struct outcome o;

	/* The format is one of the macros above. */
	char text[8192];
	const char *at = strstr(ini, "%s");
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - ini), ini, listen, at + 2);
	write_file("portico.ini", "%s", text);
	verb_succeeds(&o, "reload", NULL);
}

/* ---- taken away ---- */

Test(addresses, those_in_the_queue_of_one_that_ends_are_served)
{
	enum { CLIENTS = 20 };
	struct server *s = server_start(HELLO, "127.0.0.1:8080, 127.0.0.1:8081");
	pid_t old[2] = { status_worker(0), status_worker(1) };
	struct response r;
	int fds[CLIENTS];

	for (int i = 0; i < 2; i++)
		cr_assert_eq(kill(old[i], SIGSTOP), 0);
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = client_connect(8081);
		client_says(fds[i], "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
	}
	reload_to(HELLO, "127.0.0.1:8080");
	double begin = seconds_now();
	for (int i = 0; i < 2; i++)
		cr_assert_eq(kill(old[i], SIGCONT), 0);
	for (int i = 0; i < CLIENTS; i++) {
		cr_assert(client_response(fds[i], &r), "client %d has no answer", i);
		cr_assert_eq(r.status, 200);
		close(fds[i]);
	}
	cr_assert_lt(seconds_now() - begin, 2.);
	sockets_await("tcp", 8081, 0);
	cr_assert_lt(seconds_now() - begin, has_sanitizers() ? 10. : 5.);
	cr_assert(client_is_refused("127.0.0.1", 8081));
	server_await_workers(s, 2);
	server_stop(s);
}

Test(addresses, a_worker_that_hangs_does_not_keep_one_that_ends)
{
	struct server *s = server_start(HELLO, "127.0.0.1:8080, 127.0.0.1:8081");
	pid_t hangs = status_worker(0);

	cr_assert_eq(kill(hangs, SIGSTOP), 0);
	reload_to(HELLO, "127.0.0.1:8080");
	sockets_await("tcp", 8081, 0);
	cr_assert(client_is_refused("127.0.0.1", 8081));
	cr_assert_eq(kill(hangs, SIGCONT), 0);
	server_stop(s);
}

Test(addresses, the_others_lose_nothing)
{
	struct server *s = server_start(HELLO, "127.0.0.1:8080, 127.0.0.1:8081");
	struct load l;

	load_start(&l, 8080, PER_SECOND);
	for (int i = 0; i < 3; i++) {
		reload_to(HELLO, "127.0.0.1:8080");
		load_await(&l, 20);
		reload_to(HELLO, "127.0.0.1:8082, 127.0.0.1:8080, 127.0.0.1:8081");
		load_await(&l, 20);
		http_get(8081, "/");
		http_get(8082, "/");
	}
	load_stop(&l);
	load_lost_nothing(l.result);
	cr_assert_eq(sockets_on("tcp", 8080), 2);
	cr_assert_eq(sockets_on("tcp", 8081), 2);
	cr_assert_eq(sockets_on("tcp", 8082), 2);
	server_stop(s);
}

Test(addresses, datagrams_are_read_until_one_ends)
{
	struct server *s = server_start(FLOWS, "127.0.0.1:7001, 127.0.0.1:7002");
	char answer[64];
	int fd = udp_client("127.0.0.1", 7002);

	reload_to(FLOWS, "127.0.0.1:7001");
	double begin = seconds_now();
	while (seconds_now() < begin + 1.)
		udp_ask(fd, "?", 1, answer, sizeof(answer));
	close(fd);
	sockets_await("udp", 7002, 0);
	fd = udp_client("127.0.0.1", 7001);
	udp_ask(fd, "?", 1, answer, sizeof(answer));
	close(fd);
	server_await_workers(s, 2);
	server_stop(s);
}

Test(addresses, one_that_ends_and_comes_back_at_once_is_served)
{
	struct server *s = server_start(HELLO, "127.0.0.1:8080, 127.0.0.1:8081");

	for (int i = 0; i < 2; i++) {
		reload_to(HELLO, "127.0.0.1:8080");
		reload_to(HELLO, "127.0.0.1:8080, 127.0.0.1:8081");
		cr_assert_eq(sockets_on("tcp", 8081), 2);
		for (int k = 0; k < 20; k++)
			http_get(8081, "/");
	}
	server_await_workers(s, 2);
	server_stop(s);
}

/* ---- moved ---- */

Test(addresses, a_service_moves_to_another_port)
{
	struct server *s = server_start(HELLO, "127.0.0.1:8080");
	struct response r;
	int fd = client_connect(8080);

	client_get(fd, "/", &r);
	reload_to(HELLO, "127.0.0.1:8090");
	for (int i = 0; i < 20; i++)
		http_get(8090, "/");
	client_get(fd, "/", &r);
	cr_assert_eq(r.status, 200);
	close(fd);
	sockets_await("tcp", 8080, 0);
	cr_assert(client_is_refused("127.0.0.1", 8080));
	cr_assert_eq(sockets_on("tcp", 8090), 2);
	server_await_workers(s, 2);
	server_stop(s);
}

/* What is more exact wins in the kernel: as it ends it must not be found any more.  More of
 * that, and as an ordinary user, in addresses_end.c. */
static void change_under_load(const char *from, const char *to)
{
	struct server *s = server_start(HELLO, from);
	struct load l;

	load_start(&l, 8080, PER_SECOND);
	reload_to(HELLO, to);
	server_await(s, "retired: what had to end is closed");
	load_await(&l, 20);
	load_stop(&l);
	load_lost_nothing(l.result);
	cr_assert_eq(sockets_on("tcp", 8080), 2);
	server_stop(s);
}

Test(addresses, one_address_becomes_all)
{
	change_under_load("127.0.0.1:8080", "0.0.0.0:8080");
}

Test(addresses, all_become_one_address)
{
	change_under_load("0.0.0.0:8080", "127.0.0.1:8080");
}

static void list(char *text, size_t room, int first, int count)
{
	size_t at = 0;

	for (int i = 0; i < count; i++)
		at += (size_t)snprintf(text + at, room - at, "%s127.0.0.1:%d", i ? ", " : "", first + i);
}

Test(addresses, forty_are_replaced_by_forty)
{
	enum { MANY = 40 };
	char before[2048], after[2048];

	list(before, sizeof(before), 9000, MANY);
	list(after, sizeof(after), 9100, MANY);
	struct server *s = server_start(HELLO, before);
	for (int round = 0; round < 2; round++) {
		reload_to(HELLO, round ? before : after);
		for (int i = 0; i < MANY; i++) {
			http_get((round ? 9000 : 9100) + i, "/");
			cr_assert_eq(sockets_on("tcp", (round ? 9000 : 9100) + i), 2);
		}
		for (int i = 0; i < MANY; i++)
			sockets_await("tcp", (round ? 9100 : 9000) + i, 0);
	}
	server_await_workers(s, 2);
	server_stop(s);
}

/* ---- that cannot be had ---- */

static void assert_refused(struct server *s, const char *listen, const char *why)
{
	unsigned long before[8], after[8];
	struct outcome o;
	pid_t zero = status_worker(0), one = status_worker(1);

	cr_assert_eq(proc_sockets("tcp", 8080, before, 8), 2);
	write_file("portico.ini", HELLO, listen);
	cr_assert_eq(verb(&o, "reload", NULL), 1, "%s", o.out);
	cr_assert_not_null(strstr(o.err, "generation 1 goes on"), "%s", o.err);
	cr_assert(server_says(s, why), "the log does not say: %s", why);
	for (int i = 0; i < 50; i++)
		http_get(8080, "/");
	server_await_workers(s, 2);
	cr_assert_eq(proc_sockets("tcp", 8080, after, 8), 2);
	cr_assert_eq(memcmp(before, after, 2 * sizeof(*before)), 0);
	cr_assert_eq(sockets_on("tcp", 8083), 0);
	cr_assert(status_worker(0) == zero && status_worker(1) == one);
}

Test(addresses, one_that_cannot_be_bound_leaves_all_as_it_was)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(8082),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct server *s = server_start(HELLO, "127.0.0.1:8080");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	assert_refused(s, "127.0.0.1:8083, 127.0.0.1:8080, 127.0.0.1:8082",
		"bind 127.0.0.1:8082: Address already in use");
	assert_refused(s, "127.0.0.1:8082", "bind 127.0.0.1:8082: Address already in use");
	assert_refused(s, "127.0.0.1:8083, 127.0.0.1:8080, 10.20.30.40:8082",
		"bind 10.20.30.40:8082: Cannot assign requested address");
	close(fd);
	reload_to(HELLO, "127.0.0.1:8083, 127.0.0.1:8080, 127.0.0.1:8082");
	http_get(8082, "/");
	http_get(8083, "/");
	server_stop(s);
}

Test(addresses, a_reload_that_fails_under_load_loses_nothing)
{
	struct server *s = server_start(HELLO, "127.0.0.1:8080");
	struct outcome o;
	struct load l;

	load_start(&l, 8080, PER_SECOND);
	write_file("portico.ini", HELLO, "127.0.0.1:8080, 127.0.0.1:8083, 10.20.30.40:8082");
	for (int i = 0; i < 5; i++) {
		cr_assert_eq(verb(&o, "reload", NULL), 1);
		load_await(&l, 20);
	}
	load_stop(&l);
	load_lost_nothing(l.result);
	server_stop(s);
}
