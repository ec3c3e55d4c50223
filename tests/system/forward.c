/* SPDX-License-Identifier: MIT */
/* forward.c - framework/proxy: bounded memory, backends that fail, are drained, come back; reloads. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "load.h"
#include "operate.h"
#include "proc.h"
#include "server.h"
#include "tls_client.h"

static void set_up(void)
{
	harness_set_up();
	setenv("D", harness_dir(), 1);
}

TestSuite(forward, .init = set_up, .fini = harness_tear_down, .timeout = 90);

#define PROXY(port, backends, more)                                          \
	"[service proxy]\nprotocol = tcp\nlisten = 127.0.0.1:" port "\n"     \
	"[handler proxy]\nplugin = ${E}/proxy.so\ncheck = 50ms\n"            \
	"backends = " backends "\n" more

static struct server *start_echo(void)
{
	return server_start("[portico]\nworkers = 1\n"
		"[service echo]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
		"[handler echo]\nplugin = ${E}/echo.so\n" PROXY("7100", "127.0.0.1:7000", "") "%s", "");
}

static long worker_rss(struct server *s)
{
	pid_t worker;

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	return proc_rss_kib(worker);
}

Test(forward, both_ways_to_the_last_byte_after_a_half_close)
{
	struct server *s = start_echo();
	char text[64];
	int fd = client_connect(7100);

	client_says(fd, "there and back");
	client_ends(fd);
	cr_assert_eq(client_read_all(fd, text, sizeof(text)), 14);
	cr_assert_eq(memcmp(text, "there and back", 14), 0);
	close(fd);
	server_stop(s);
}

/* Nobody reads: client, proxy and backend come to a stop, with what one read brings in each. */
Test(forward, who_does_not_read_costs_bounded_memory)
{
	enum { BLOCK = 1 << 20, LIMIT = 200 << 20 };
	struct server *s = start_echo();
	char *block = calloc(1, BLOCK);
	size_t sent = 0, got = 0;
	int fd = client_connect(7100);
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	while (sent < LIMIT && poll(&p, 1, 300) == 1)
		if ((n = send(fd, block, BLOCK, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
			sent += (size_t)n;
	cr_assert_lt(sent, LIMIT, "it reads on and on");
	if (!has_sanitizers())
		cr_assert_lt(worker_rss(s), 8 << 10, "%ld KiB after %zu bytes", worker_rss(s), sent);
	client_ends(fd);
	while ((n = recv(fd, block, BLOCK, 0)) > 0)
		got += (size_t)n;
	cr_assert_eq(n, 0, "%s", strerror(errno));
	cr_assert_eq(got, sent);
	free(block);
	close(fd);
	server_stop(s);
}

Test(forward, much_goes_through_little)
{
	enum { SIZE = 200 << 20, BLOCK = 1 << 20 };
	char *block = malloc(BLOCK);
	long got = 0, most = 0;
	ssize_t n;

	mkdir(path_of("root"), 0755);
	write_file("root/big", "%s", "");
	cr_assert_eq(truncate(path_of("root/big"), SIZE), 0);
	struct server *s = server_start("[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web /]\nplugin = ${E}/files.so\nroot = ${D}/root\n"
		PROXY("7100", "127.0.0.1:8080", "") "%s", "");
	int fd = client_connect(7100);
	client_says(fd, "GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
	while ((n = recv(fd, block, BLOCK, 0)) > 0) {
		got += n;
		long rss = worker_rss(s);
		most = rss > most ? rss : most;
	}
	cr_assert_eq(n, 0, "%s", strerror(errno));
	cr_assert_geq(got, SIZE);
	if (!has_sanitizers())
		cr_assert_lt(most, 8 << 10, "%ld KiB", most);
	free(block);
	close(fd);
	server_stop(s);
}

/* A read brings more than the other side's queue may hold: it goes there in pieces. */
enum { SIZE = 256 * 1024 };

static char said[SIZE], heard[SIZE + 2];

static struct server *start_narrow(const char *bounds)
{
	for (int i = 0; i < SIZE; i++)
		said[i] = (char)(i / 7 + i / 65536);
	return server_start("[portico]\nworkers = 1\n"
		"[service echo]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
		"[handler echo]\nplugin = ${E}/echo.so\n"
		"[service proxy]\nprotocol = tcp\nlisten = 127.0.0.1:7100\n%s"
		"[handler proxy]\nplugin = ${E}/proxy.so\nbackends = 127.0.0.1:7000\n", bounds);
}

static void goes_through(const char *bounds)
{
	struct server *s = start_narrow(bounds);
	int fd = client_connect(7100);

	client_send(fd, said, SIZE);
	client_ends(fd);
	cr_assert_eq(client_read_all(fd, heard, sizeof(heard)), SIZE);
	cr_assert_eq(memcmp(said, heard, SIZE), 0);
	close(fd);
	server_stop(s);
}

Test(forward, a_queue_shorter_than_a_read)
{
	goes_through("high_water = 20000\nmax_queue = 20000\n");
}

Test(forward, a_queue_of_a_few_bytes)
{
	goes_through("high_water = 64\nmax_queue = 100\n");
}

/* The client's end comes with the last of what it says. */
Test(forward, a_queue_shorter_than_a_read_over_tls)
{
	make_pair("a.test");
	struct server *s = start_narrow("high_water = 1000\nmax_queue = 1000\n"
		"tls_certificate = a.test.crt\ntls_key = a.test.key\n");
	static const struct tls_wish wish;
	struct tls_conn c;
	int n, len = 0;

	tls_dial(&c, 7100, &wish);
	cr_assert_eq(SSL_write(c.ssl, said, SIZE), SIZE);
	SSL_shutdown(c.ssl);
	while ((n = SSL_read(c.ssl, heard + len, (int)sizeof(heard) - len)) > 0)
		len += n;
	cr_assert_eq(len, SIZE);
	cr_assert_eq(memcmp(said, heard, SIZE), 0);
	cr_assert_eq(SSL_get_error(c.ssl, n), SSL_ERROR_ZERO_RETURN);
	tls_hang_up(&c);
	server_stop(s);
}

/* ---- who cuts ---- */

/* The connection over which text comes: the others are checks. */
static int accept_saying(int listener, const char *text)
{
	char got[64];

	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		cr_assert_geq(fd, 0);
		if (recv(fd, got, strlen(text), MSG_WAITALL) == (ssize_t)strlen(text)) {
			cr_assert_eq(memcmp(got, text, strlen(text)), 0);
			return fd;
		}
		close(fd);
	}
}

static void resets(int fd)
{
	const struct linger now = { .l_onoff = 1 };

	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(fd);
}

/* Half of an upload must not look like all of it, nor half of an answer. */
Test(forward, what_one_side_cuts_is_cut_on_the_other)
{
	int listener = listen_on(7000);
	struct server *s = server_start(PROXY("7100", "127.0.0.1:7000", "") "%s", "");
	char text[64];

	int client = client_connect(7100);
	client_says(client, "half of it");
	int backend = accept_saying(listener, "half of it");
	resets(client);
	cr_assert_eq(client_read_all(backend, text, sizeof(text)), CLIENT_RESET);
	close(backend);

	client = client_connect(7100);
	client_says(client, "question");
	backend = accept_saying(listener, "question");
	client_says(backend, "half");
	client_read(client, text, 4);
	resets(backend);
	cr_assert_eq(client_read_all(client, text, sizeof(text)), CLIENT_RESET);
	close(client);
	close(listener);
	server_stop(s);
}

/* Nothing is lost by it: what ends here in order does so there, too. */
Test(forward, who_is_idle_ends_as_it_should)
{
	int listener = listen_on(7000);
	struct server *s = server_start("[service proxy]\nprotocol = tcp\nlisten = 127.0.0.1:7100\n"
		"idle = 1s\nlinger = 100ms\n[handler proxy]\nplugin = ${E}/proxy.so\nbackends = 127.0.0.1:7000\n");
	char text[64];

	int client = client_connect(7100);
	client_says(client, "all of it");
	int backend = accept_saying(listener, "all of it");
	cr_assert_eq(client_read_all(backend, text, sizeof(text)), 0);
	close(backend);
	close(client);
	close(listener);
	server_stop(s);
}

/* ---- backends ---- */

enum { CLIENTS = 64 };

struct lack {
	struct server *server;
	struct pollfd  clients[CLIENTS];
};

/* It was a client's descriptor, for which nobody is accepted, or a backend's, whose client ends then. */
static bool is_felt(void *arg)
{
	struct lack *l = arg;

	return server_says(l->server, "accepting rests") || poll(l->clients, CLIENTS, 0) > 0;
}

/* Each client that is passed on takes three descriptors here. */
Test(forward, what_we_lack_is_not_the_backends_fault)
{
	struct lack lack;
	int client = -1;
	char text[5];
	struct server *s = server_start("[portico]\nworkers = 1\nmax_files = 64\n"
		"[service echo]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"
		"[handler echo]\nplugin = ${E}/echo.so\n" PROXY("7100", "127.0.0.1:7000", "") "%s", "");

	lack.server = s;
	for (int i = 0; i < CLIENTS; i++)
		lack.clients[i] = (struct pollfd){ .fd = client_connect(7100), .events = POLLIN };
	cr_assert(wait_until(is_felt, &lack, PATIENCE));
	for (int i = 0; i < CLIENTS; i++)
		close(lack.clients[i].fd);
	do {
		close(client);
		client = client_connect(7100);
		client_says(client, "again");
	} while (recv(client, text, sizeof(text), MSG_WAITALL) != sizeof(text));
	close(client);
	cr_assert_not(server_says(s, "is down: Too many open files"), "%s", server_log(s));
	server_stop(s);
}

#define HELLO(port)                                                          \
	"[service a]\nprotocol = http\nlisten = 127.0.0.1:" port "\n"        \
	"[handler a /]\nplugin = ${E}/hello.so\n"

/* Requests that the first service has answered. */
static long long answered_by_first(void)
{
	json_t *all = status_read();
	json_t *first = json_array_get(json_object_get(all, "services"), 0);
	long long n = json_integer_value(json_object_get(json_object_get(first, "requests"), "2xx"));

	json_decref(all);
	return n;
}

/* A check has found the file. */
static void await_drained(struct load *l)
{
	long long before, now = answered_by_first();

	do {
		before = now;
		load_await(l, 40);
		now = answered_by_first();
	} while (now != before);
	load_await(l, 100);
	cr_assert_eq(answered_by_first(), before, "it is drained, and gets new clients");
}

Test(forward, reloads_drains_and_failures_cost_no_request)
{
	struct load l;

	mkdir(path_of("drained"), 0755);
	struct server *s = server_start("[portico]\nworkers = 2\n" HELLO("8081")
		"[service b]\nprotocol = http\nlisten = 127.0.0.1:8082\n"
		"[handler b /]\nplugin = ${E}/hello.so\n"
		PROXY("8080", "127.0.0.1:8081, 127.0.0.1:8082, 127.0.0.1:8083", "drained = ${D}/drained\n") "%s", "");

	server_await(s, "backend 127.0.0.1:8083 is down: Connection refused");
	load_start(&l, 8080, 300);
	for (unsigned i = 0; i < 5; i++) {
		load_await(&l, 50);
		server_signal(s, SIGHUP);
		server_await_generation(s, i + 2);
	}
	load_await(&l, 50);
	write_file("drained/127.0.0.1:8081", "%s", "");
	await_drained(&l);
	long long before = answered_by_first();
	unlink(path_of("drained/127.0.0.1:8081"));
	while (answered_by_first() == before)
		load_await(&l, 20);
	load_stop(&l);
	load_lost_nothing(l.result);
	server_stop(s);
}
