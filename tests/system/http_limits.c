/* SPDX-License-Identifier: MIT */
/* http_limits.c - bodies, and the limits of what a client may send and how long it may take. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(http_limits);

#define SERVICE                                                              \
	"[portico]\nworkers = 1\n"                                           \
	"[service web]\nprotocol = http\nlisten = 127.0.0.1:8080\n"
#define UPLOAD "[handler web]\nplugin = ${E}/upload.so\n"

static uint32_t fnv(const unsigned char *at, size_t len)
{
	uint32_t sum = 2166136261u;

	for (size_t i = 0; i < len; i++)
		sum = (sum ^ at[i]) * 16777619u;
	return sum;
}

static unsigned char *make_body(size_t len)
{
	unsigned char *body = malloc(len);

	cr_assert_not_null(body);
	for (size_t i = 0; i < len; i++)
		body[i] = (unsigned char)(i * 31 + (i >> 8));
	return body;
}

static void send_fixed(int fd, const unsigned char *body, size_t len)
{
	char head[128];

	snprintf(head, sizeof(head), "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: %zu\r\n\r\n", len);
	client_says(fd, head);
	client_send(fd, body, len);
}

static void send_chunked(int fd, const unsigned char *body, size_t len, size_t chunk)
{
	char line[32];

	client_says(fd, "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t at = 0; at < len; at += chunk) {
		size_t n = len - at < chunk ? len - at : chunk;
		snprintf(line, sizeof(line), "%zx\r\n", n);
		client_says(fd, line);
		client_send(fd, body + at, n);
		client_says(fd, "\r\n");
	}
	client_says(fd, "0\r\n\r\n");
}

static void assert_received(int fd, const unsigned char *body, size_t len)
{
	struct response r;
	char expected[64];

	snprintf(expected, sizeof(expected), "%zu bytes, FNV-1a %08" PRIx32 "\n", len, fnv(body, len));
	cr_assert(client_response(fd, &r));
	cr_assert_str_eq(r.body, expected);
	cr_assert_not(r.close);
}

Test(http_limits, takes_bodies_of_any_size_fixed_and_chunked)
{
	static const size_t sizes[] = { 1, 100, 65535, 65536, 65537, 5 << 20 };
	struct server *s = server_start(SERVICE "max_body = 10m\n" UPLOAD "%s", "");
	unsigned char *body = make_body(5 << 20);
	int fd = client_connect(8080);

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		send_fixed(fd, body, sizes[i]);
		assert_received(fd, body, sizes[i]);
		send_chunked(fd, body, sizes[i], 1000 + sizes[i] / 7);
		assert_received(fd, body, sizes[i]);
	}
	close(fd);
	free(body);
	server_stop(s);
}

Test(http_limits, says_100_continue_only_when_the_body_is_wanted)
{
	struct server *s = server_start(SERVICE "max_body = 10k\n" UPLOAD "%s", "");
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n"
		"Content-Length: 5\r\n\r\n");
	cr_assert(client_response_to_head(fd, &r));
	cr_assert_eq(r.status, 100);
	client_says(fd, "hello");
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 200);
	client_says(fd, "POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\n"
		"Content-Length: 10241\r\n\r\n");
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 413);
	client_expect_end(fd, false);
	server_stop(s);
}

/* The whole body is sent before the answer is read: closing with unread input would be a
 * reset, which could overtake the answer. */
Test(http_limits, gives_413_without_a_reset_before_the_answer)
{
	enum { SIZE = 3 << 20 };
	struct server *s = server_start(SERVICE "max_body = 1m\n" UPLOAD "%s", "");
	unsigned char *body = make_body(SIZE);
	struct response r;

	for (int i = 0; i < 10; i++) {
		int fd = client_connect(8080);
		if (i % 2)
			send_fixed(fd, body, SIZE);
		else
			send_chunked(fd, body, SIZE, 50000);
		cr_assert(client_response(fd, &r), "reset before the answer");
		cr_assert_eq(r.status, 413);
		cr_assert(r.close);
		client_ends(fd);
		client_expect_end(fd, false);
	}
	free(body);
	server_stop(s);
}

Test(http_limits, collects_a_body_up_to_max_body)
{
	struct server *s = server_start(SERVICE "max_body = 100\n"
		"[handler web]\nplugin = ${T}/echo_path.so\n%s", "");
	unsigned char *body = make_body(101);
	struct response r;
	int fd = client_connect(8080);

	send_fixed(fd, body, 100);
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 200);
	send_chunked(fd, body, 100, 10);
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 200);
	send_chunked(fd, body, 101, 10);
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 413);
	close(fd);
	free(body);
	server_stop(s);
}

static void assert_refused(int status, const char *request)
{
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, request);
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, status, "%d instead of %d", r.status, status);
	client_expect_end(fd, false);
}

Test(http_limits, refuses_heads_that_are_too_large)
{
	static char request[1 << 16];
	struct server *s = server_start(SERVICE "max_head = 4k\nmax_target = 1k\nmax_fields = 10\n"
		"[handler web]\nplugin = ${E}/hello.so\n%s", "");

	snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: test\r\nX: %04000d\r\n\r\n", 1);
	cr_assert_eq(http_status(8080, "/"), 200);
	snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: test\r\nX: %05000d\r\n\r\n", 1);
	assert_refused(431, request);
	snprintf(request, sizeof(request), "GET / HTTP/1.1\r\nHost: test\r\nX: %060000d", 1);
	assert_refused(431, request);
	snprintf(request, sizeof(request), "GET /%02000d HTTP/1.1\r\nHost: test\r\n\r\n", 1);
	assert_refused(414, request);
	strcpy(request, "GET / HTTP/1.1\r\nHost: test\r\n");
	for (int i = 0; i < 10; i++)
		strcat(request, "X: y\r\n");
	strcat(request, "\r\n");
	assert_refused(431, request);
	server_stop(s);
}

/* ---- time ---- */

Test(http_limits, gives_408_when_the_head_takes_too_long)
{
	struct server *s = server_start(SERVICE "head_time = 500ms\n"
		"[handler web]\nplugin = ${E}/hello.so\n%s", "");
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < 200 && client_hears_nothing(fd, 0.05); i++)
		client_says(fd, "X: y\r\n");   /* one byte after another does not help */
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 408);
	client_expect_end(fd, true);
	server_stop(s);
}

Test(http_limits, gives_408_when_the_body_takes_too_long)
{
	struct server *s = server_start(SERVICE "body_time = 500ms\n" UPLOAD "%s", "");
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\n");
	for (int i = 0; i < 200 && client_hears_nothing(fd, 0.05); i++)
		client_says(fd, "x");
	cr_assert(client_response(fd, &r));
	cr_assert_eq(r.status, 408);
	client_expect_end(fd, true);
	server_stop(s);
}

/* Packets end where they like: each head has its own time, counted from its own first byte. */
Test(http_limits, counts_the_time_of_each_head_for_itself)
{
	struct server *s = server_start(SERVICE "head_time = 1s\n"
		"[handler web]\nplugin = ${E}/hello.so\n%s", "");
	struct response r;
	int fd = client_connect(8080);

	client_says(fd, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < 8; i++) {
		cr_assert(client_hears_nothing(fd, 0.25), "cut after %d prompt requests", i);
		client_says(fd, "Host: test\r\n\r\nGET / HTTP/1.1\r\n");
		cr_assert(client_response(fd, &r));
		cr_assert_eq(r.status, 200, "%d after %d prompt requests", r.status, i);
	}
	close(fd);
	server_stop(s);
}

Test(http_limits, closes_idle_connections)
{
	struct server *s = server_start(SERVICE "idle = 500ms\n"
		"[handler web]\nplugin = ${E}/hello.so\n%s", "");
	struct response r;
	int silent = client_connect(8080), served = client_connect(8080);
	double begin = seconds_now();

	client_get(served, "/", &r);
	client_expect_end(silent, false);
	client_expect_end(served, false);
	cr_assert_gt(seconds_now() - begin, 0.4);
	cr_assert_lt(seconds_now() - begin, 10.);
	server_stop(s);
}

Test(http_limits, idle_time_does_not_run_while_a_handler_takes_its_time)
{
	struct server *s = server_start(SERVICE "idle = 200ms\nhead_time = 200ms\nbody_time = 200ms\n"
		"[handler web]\nplugin = ${E}/later.so\nwait = %s\n", "800ms");
	struct response r;
	int fd = client_connect(8080);

	client_get(fd, "/", &r);
	cr_assert_str_eq(r.body, "Sorry to keep you waiting\n");
	close(fd);
	server_stop(s);
}
