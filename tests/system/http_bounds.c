/* SPDX-License-Identifier: MIT */
/* http_bounds.c - how many clients, how many requests, how slow; hosts, methods and Server. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

SYSTEM_SUITE(http_bounds);

#define SERVICE                                                              \
	"[portico]\nworkers = 1\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
#define HELLO "[handler web]\nplugin = ${E}/hello.so\n"

/* ---- how many ---- */

Test(http_bounds, the_last_request_of_a_connection_ends_it)
{
	struct server *s = server_start(SERVICE "max_requests = 3\n" HELLO "%s", "");
	struct response r;

	for (int i = 0; i < 2; i++) {
		int fd = client_connect(8080);
		for (int n = 1; n <= 3; n++) {
			client_get(fd, "/", &r);
			cr_assert_eq(r.status, 200);
			cr_assert_eq(r.close, n == 3);
		}
		client_ends(fd);
		client_expect_end(fd, false);
	}
	server_stop(s);
}

/* What fd is answered, with the body that says so, and then its end. */
static void is_turned_away(int fd)
{
	struct response r;

	client_says(fd, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
	cr_assert(client_response(fd, &r), "closed before the answer");
	cr_assert_eq(r.status, 503);
	cr_assert_str_eq(response_header(&r, "Retry-After"), "1");
	cr_assert(r.close);
	client_ends(fd);
	client_expect_end(fd, false);
}

static bool is_served(void *arg)
{
	(void)arg;
	return http_status(8080, "/") == 200;
}

static void takes_two(const char *key)
{
	struct server *s = server_start(SERVICE "%s = 2\n" HELLO, key);
	struct response r;
	int one = client_connect(8080), two = client_connect(8080);

	client_get(one, "/", &r);
	client_get(two, "/", &r);
	for (int i = 0; i < 5; i++)
		is_turned_away(client_connect(8080));
	cr_assert_eq(status_errors("refused"), 5);
	close(one);
	cr_assert(wait_until(is_served, NULL, PATIENCE), "the place stays taken");
	client_get(two, "/", &r);
	cr_assert_eq(r.status, 200);
	close(two);
	server_stop(s);
}

Test(http_bounds, turns_connections_away_over_max_connections)
{
	takes_two("max_connections");
}

Test(http_bounds, turns_connections_away_over_max_per_client)
{
	takes_two("max_per_client");
}

Test(http_bounds, a_tcp_client_too_many_is_closed_and_others_go_on)
{
	struct server *s = server_start("[portico]\nworkers = 1\n[service echo]\nprotocol = tcp\n"
		"listen = 127.0.0.1:7000\nmax_per_client = %d\n[handler echo]\nplugin = ${E}/echo.so\n", 1);
	char word[3];
	int one = client_connect(7000);

	client_says(one, "abc");
	client_read(one, word, 3);
	client_expect_end(client_connect(7000), true);
	cr_assert_eq(status_errors("refused"), 1);
	client_says(one, "def");
	client_read(one, word, 3);
	close(one);
	server_stop(s);
}

/* ---- how slow ---- */

/* A byte at a time from each of them, until the server has let go of all. */
static void dribble(int *fds, size_t count)
{
	double begin = seconds_now();
	size_t left = count;
	char answer[256];

	while (left > 0) {
		cr_assert_lt(seconds_now() - begin, PATIENCE, "%zu of them live", left);
		cr_assert_eq(http_status(8080, "/"), 200);
		let_pass(0.05);
		for (size_t i = 0; i < count; i++) {
			if (fds[i] < 0)
				continue;
			(void)send(fds[i], "x", 1, MSG_NOSIGNAL);
			if (recv(fds[i], answer, sizeof(answer), MSG_DONTWAIT) <= 0)
				continue;
			cr_assert_eq(strncmp(answer, "HTTP/1.1 408 ", 13), 0, "%s", answer);
			close(fds[i]);
			fds[i] = -1;
			left--;
		}
	}
}

Test(http_bounds, slow_senders_of_bodies_end_and_others_do_not_notice)
{
	enum { SLOW = 200 };
	struct server *s = server_start(SERVICE "rate_grace = 1s\n%s"
		"[handler web]\nplugin = ${T}/echo_path.so\n", "");
	int fds[SLOW];

	for (int i = 0; i < SLOW; i++) {
		fds[i] = client_connect(8080);
		client_says(fds[i], "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n");
	}
	dribble(fds, SLOW);
	cr_assert_eq(status_errors("timeout"), SLOW);
	server_stop(s);
}

Test(http_bounds, a_body_that_keeps_its_pace_may_take_its_time)
{
	static char piece[1024];
	struct server *s = server_start(SERVICE "rate_grace = 1s\nidle = 1s\nbody_rate = 1k\n%s"
		"[handler web]\nplugin = ${E}/upload.so\n", "");
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 40960\r\n\r\n");
	for (int i = 0; i < 40; i++) {
		client_send(fd, piece, sizeof(piece));
		let_pass(0.1);
	}
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 200);
	close(fd);
	server_stop(s);
}

static bool has_timeouts(void *arg)
{
	return status_errors("timeout") >= *(const int *)arg;
}

/* The small window keeps what the kernels hold small, so that the server waits for the reader. */
Test(http_bounds, readers_that_are_too_slow_are_cut_and_steady_ones_are_not)
{
	static char block[65536];
	int small = 4096, one = 1;
	size_t got = 0;
	struct server *s = server_start("[portico]\nworkers = 1\n[service flood]\nprotocol = tcp\n"
		"listen = 127.0.0.1:7000\nrate_grace = 1s\nsend_rate = %s\n[handler flood]\n"
		"plugin = ${T}/flood.so\nmegabytes = 8\n", "100k");
	int slow = client_connect(7000), steady = client_connect(7000);

	setsockopt(slow, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	double begin = seconds_now();
	while (!has_timeouts(&one) && seconds_now() - begin < PATIENCE) {
		(void)recv(slow, block, 1, MSG_DONTWAIT);
		for (int i = 0; i < 8; i++) {
			ssize_t n = recv(steady, block, sizeof(block), MSG_DONTWAIT);
			got += n > 0 ? (size_t)n : 0;
		}
		let_pass(0.02);
	}
	cr_assert(has_timeouts(&one), "it is not cut");
	while (got < 8 << 20) {
		ssize_t n = recv(steady, block, sizeof(block), 0);
		cr_assert_gt(n, 0, "the steady one is cut after %zu bytes", got);
		got += (size_t)n;
	}
	cr_assert_eq(status_errors("timeout"), 1);
	close(slow);
	close(steady);
	server_stop(s);
}

/* ---- hosts ---- */

/* What a request for that host is answered: the label of its handler. */
static const char *label_of(const char *host, const char *path)
{
	static char label[32];
	struct response r;
	char request[256];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, host);
	if (http_raw(8080, request, &r) != 200)
		return "none";
	snprintf(label, sizeof(label), "%.*s", (int)strcspn(r.body, " "), r.body);
	return label;
}

Test(http_bounds, hosts_have_their_own_handlers)
{
#define ECHO "plugin = ${T}/echo_path.so\nlabel = "
	struct server *s = server_start(SERVICE
		"[handler web /]\nhost = a.example\n" ECHO "a\n"
		"[handler web /api]\nhost = a.example\n" ECHO "a-api\n"
		"[handler web /]\nhost = *.b.example, c.example\n" ECHO "b\n"
		"[handler web /shared]\n" ECHO "%s\n", "shared");
#undef ECHO

	cr_assert_str_eq(label_of("a.example", "/"), "a");
	cr_assert_str_eq(label_of("A.EXAMPLE:8080", "/api/1"), "a-api");
	cr_assert_str_eq(label_of("x.b.example", "/"), "b");
	cr_assert_str_eq(label_of("c.example.", "/"), "b");
	cr_assert_str_eq(label_of("b.example", "/"), "none");
	cr_assert_str_eq(label_of("127.0.0.1:8080", "/shared/1"), "shared");
	cr_assert_str_eq(label_of("a.example", "/shared"), "a");
	server_stop(s);
}

/* ---- methods and Server ---- */

Test(http_bounds, methods_that_a_plugin_does_not_name_never_reach_it)
{
	struct server *s = server_start(SERVICE "[handler web]\nplugin = ${T}/methods.so\n%s", "");
	struct response r;

	cr_assert_eq(http_raw(8080, "PUT / HTTP/1.1\r\nHost: x\r\n\r\n", &r), 200);
	cr_assert_str_eq(r.body, "PUT");
	cr_assert_eq(http_raw(8080, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", &r), 405);
	cr_assert_str_eq(response_header(&r, "Allow"), "GET, HEAD, PUT, OPTIONS");
	cr_assert(r.close);
	cr_assert_eq(http_raw(8080, "OPTIONS /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &r), 204);
	cr_assert_str_eq(response_header(&r, "Allow"), "GET, HEAD, PUT, OPTIONS");
	cr_assert_eq(http_raw(8080, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &r), 204);
	cr_assert_str_eq(response_header(&r, "Allow"), "GET, HEAD, PUT, OPTIONS");
	server_stop(s);
}

static const char *server_of(void)
{
	struct response r;

	cr_assert_eq(http_raw(8080, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", &r), 200);
	return response_header(&r, "Server");
}

Test(http_bounds, names_itself_as_it_is_told_to)
{
	struct server *s = server_start(SERVICE HELLO "%s", "");

	cr_assert_str_eq(server_of(), "portico");
	server_reload(s, SERVICE "server = a web server/2 (%s)\n" HELLO, "x");
	server_await_generation(s, 2);
	cr_assert_str_eq(server_of(), "a web server/2 (x)");
	server_reload(s, SERVICE "server = %s\n" HELLO, "off");
	server_await_generation(s, 3);
	cr_assert_null(server_of());
	server_stop(s);
}
