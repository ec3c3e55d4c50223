/* SPDX-License-Identifier: MIT */
/* memory.c - what a worker costs when nothing happens. */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "proc.h"
#include "server.h"
#include "tls_client.h"
#include "ws_client.h"

SYSTEM_SUITE(memory);

#define WEB                                                                  \
	"[portico]\nworkers = 1\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\nidle = 10m\n" \
	"[handler web]\nplugin = ${E}/hello.so\n%s"

static void skip_under_sanitizers(void)
{
	if (has_sanitizers())
		SKIP_TEST("sanitizers have a memory of their own");
}

/* What of them costs under most bytes, since worker had before KiB. */
static void assert_cost(const char *what, pid_t worker, long before, int count, double most)
{
	double each = (double)(proc_rss_kib(worker) - before) * 1024. / count;

	fprintf(stderr, "memory: an idle %s costs %.0f bytes\n", what, each);
	cr_assert_lt(each, most, "%.0f bytes each", each);
}

Test(memory, an_idle_worker_is_small)
{
	skip_under_sanitizers();
	struct server *s = server_start(WEB, "");
	pid_t worker;

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	http_get(8080, "/");
	fprintf(stderr, "memory: an idle worker has %ld KiB\n", proc_rss_kib(worker));
	cr_assert_lt(proc_rss_kib(worker), 4 << 10, "%ld KiB", proc_rss_kib(worker));
	server_stop(s);
}

Test(memory, ten_thousand_idle_connections_cost_less_than_a_kilobyte_each)
{
	enum { CONNECTIONS = 10000 };
	static int fds[CONNECTIONS];
	struct rlimit limit;
	struct response r;
	pid_t worker;

	skip_under_sanitizers();
	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	cr_assert_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < CONNECTIONS + 500)
		SKIP_TEST("the hard limit of descriptors is %lu", (unsigned long)limit.rlim_max);
	struct server *s = server_start(WEB, "");
	http_get(8080, "/");
	cr_assert_eq(server_workers(s, &worker, 1), 1);
	long before = proc_rss_kib(worker);
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		fds[i] = client_connect_from(i, 8080);
		client_get(fds[i], "/", &r);
	}
	assert_cost("HTTP connection", worker, before, CONNECTIONS, 1024.);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		close(fds[i]);
	server_stop(s);
}

Test(memory, a_thousand_idle_websockets_cost_less_than_two_kilobytes_each)
{
	enum { SOCKETS = 1000 };
	static int fds[SOCKETS];
	pid_t worker;

	skip_under_sanitizers();
	struct server *s = server_start(
		"[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
		"[handler web]\nplugin = ${T}/ws_echo.so\n%s", "");
	fds[0] = ws_connect(8080, "/");
	close(fds[0]);
	cr_assert_eq(server_workers(s, &worker, 1), 1);
	long before = proc_rss_kib(worker);
	for (unsigned i = 0; i < SOCKETS; i++) {
		fds[i] = ws_connect(8080, "/");
		ws_say(fds[i], 1, "Hello", 5);
		ws_expect(fds[i], 1, "Hello");
	}
	assert_cost("WebSocket", worker, before, SOCKETS, 2048.);
	for (unsigned i = 0; i < SOCKETS; i++)
		close(fds[i]);
	server_stop(s);
}

/* OpenSSL's own 13 KB are in it, and none of the two buffers of 17 KB. */
Test(memory, five_hundred_idle_tls_connections_cost_less_than_twenty_kilobytes_each)
{
	enum { CONNECTIONS = 500 };
	static struct tls_conn conns[CONNECTIONS];
	static const struct tls_wish wish = {0};
	pid_t worker;

	skip_under_sanitizers();
	make_pair("a.test");
	struct server *s = server_start(
		"[portico]\nworkers = 1\n"
		"[service web]\nprotocol = http\nlisten = 127.0.0.1:8443\nidle = 10m\n"
		"tls_certificate = a.test.crt\ntls_key = a.test.key\n"
		"[handler web]\nplugin = ${E}/hello.so\n%s", "");
	tls_dial(&conns[0], 8443, &wish);
	cr_assert_str_eq(tls_get(&conns[0], "/"), "Hello\n");
	cr_assert_eq(server_workers(s, &worker, 1), 1);
	long before = proc_rss_kib(worker);
	for (unsigned i = 1; i < CONNECTIONS; i++) {
		tls_dial(&conns[i], 8443, &wish);
		tls_get(&conns[i], "/");
	}
	assert_cost("TLS connection", worker, before, CONNECTIONS - 1, 20480.);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		tls_hang_up(&conns[i]);
	server_stop(s);
}
