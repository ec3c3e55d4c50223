/* SPDX-License-Identifier: MIT */
/* tcp.c - plain TCP handlers: what is sent arrives whole, and misuse is cut and named. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "proc.h"
#include "server.h"

SYSTEM_SUITE(tcp);

#define SERVICE                                                              \
	"[portico]\nworkers = 1\n"                                           \
	"[service t]\nprotocol = tcp\nlisten = 127.0.0.1:7000\n"

static unsigned char byte_at(size_t at)
{
	return (unsigned char)(at * 7 + (at >> 9));
}

static unsigned char *make_bytes(size_t len)
{
	unsigned char *bytes = malloc(len);

	cr_assert_not_null(bytes);
	for (size_t i = 0; i < len; i++)
		bytes[i] = byte_at(i);
	return bytes;
}

/* Sends as much as goes at once; gives how much. */
static size_t push(int fd, const unsigned char *bytes, size_t len)
{
	size_t sent = 0;
	ssize_t n;

	while (sent < len && (n = send(fd, bytes + sent, len - sent, MSG_DONTWAIT | MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
	return sent;
}

/* Reads only when nothing more can be sent, and then only a little. */
Test(tcp, echoes_10_megabytes_to_a_slow_reader_whole_and_intact)
{
	enum { SIZE = 10 << 20, SIP = 32 << 10 };
	struct server *s = server_start(SERVICE "[handler t]\nplugin = ${E}/echo.so\n%s", "");
	unsigned char *bytes = make_bytes(SIZE), sip[SIP];
	size_t sent = 0, got = 0;
	int fd = client_connect(7000);

	while (got < SIZE) {
		size_t n = push(fd, bytes + sent, SIZE - sent);
		sent += n;
		if (n > 0 && sent < SIZE)
			continue;
		ssize_t heard = recv(fd, sip, SIP, 0);
		cr_assert_gt(heard, 0, "after %zu bytes: %s", got, strerror(errno));
		cr_assert_eq(memcmp(sip, bytes + got, (size_t)heard), 0, "damaged after %zu bytes", got);
		got += (size_t)heard;
	}
	client_ends(fd);
	client_expect_end(fd, false);
	free(bytes);
	server_stop(s);
}

/* Sends until nothing has gone for a while, or limit. */
static size_t push_until_stuck(int fd, const unsigned char *bytes, size_t len, size_t limit)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	size_t sent = 0;

	while (sent < limit && poll(&p, 1, 300) == 1)
		sent += push(fd, bytes, len);
	return sent;
}

Test(tcp, a_peer_that_does_not_read_costs_bounded_memory)
{
	enum { BLOCK = 1 << 20, LIMIT = 200 << 20 };
	struct server *s = server_start(SERVICE "[handler t]\nplugin = ${E}/echo.so\n%s", "");
	unsigned char *bytes = make_bytes(BLOCK);
	pid_t worker;
	int fd = client_connect(7000);

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	size_t sent = push_until_stuck(fd, bytes, BLOCK, LIMIT);
	cr_assert_lt(sent, LIMIT, "it reads on and on");
	if (!has_sanitizers())
		cr_assert_lt(proc_rss_kib(worker), 8 << 10, "%ld KiB after %zu bytes",
			proc_rss_kib(worker), sent);
	close(fd);
	free(bytes);
	server_stop(s);
}

Test(tcp, answers_after_a_half_close)
{
	struct server *s = server_start(SERVICE "[handler t]\nplugin = ${E}/counter.so\n%s", "");
	char text[64];
	int fd = client_connect(7000);

	client_says(fd, "one\ntwo\nthr");
	client_says(fd, "ee\n");
	client_ends(fd);
	cr_assert_gt(client_read_all(fd, text, sizeof(text)), 0);
	cr_assert_str_eq(text, "1 one\n2 two\n3 three\n3 lines\n");
	close(fd);
	server_stop(s);
}

Test(tcp, sends_what_is_queued_after_a_half_close)
{
	enum { SIZE = 1 << 20 };
	struct server *s = server_start(SERVICE "[handler t]\nplugin = ${E}/echo.so\n%s", "");
	unsigned char *bytes = make_bytes(SIZE), *heard = malloc(SIZE + 2);
	size_t sent = 0, got = 0;
	int fd = client_connect(7000);

	cr_assert_not_null(heard);
	while (sent < SIZE) {
		sent += push(fd, bytes + sent, SIZE - sent);
		ssize_t n = recv(fd, heard + got, SIZE - got, sent < SIZE ? 0 : MSG_DONTWAIT);
		got += n > 0 ? (size_t)n : 0;
	}
	client_ends(fd);
	long rest = client_read_all(fd, (char *)heard + got, SIZE + 2 - got);
	cr_assert_geq(rest, 0, "reset");
	cr_assert_eq(got + (size_t)rest, SIZE, "%zu of %d bytes", got + (size_t)rest, SIZE);
	cr_assert_eq(memcmp(bytes, heard, SIZE), 0);
	close(fd);
	free(bytes);
	free(heard);
	server_stop(s);
}

static void assert_flood(int fd, size_t megabytes)
{
	enum { MEGABYTE = 1 << 20 };
	char *block = malloc(MEGABYTE), text[64];

	cr_assert_not_null(block);
	for (size_t i = 0; i < megabytes; i++) {
		client_read(fd, block, MEGABYTE);
		for (size_t k = 0; k < MEGABYTE; k++)
			if (block[k] != (char)('a' + i % 26))
				cr_assert_fail("damaged in megabyte %zu", i);
	}
	cr_assert_gt(client_read_all(fd, text, sizeof(text)), 0);
	cr_assert_eq(strncmp(text, "drained ", 8), 0, "%s", text);
	free(block);
}

Test(tcp, a_flood_is_complete_and_its_queue_is_bounded)
{
	struct server *s = server_start(SERVICE
		"[handler t]\nplugin = ${T}/flood.so\nmegabytes = %d\n", 40);
	pid_t worker;
	int fds[3];

	cr_assert_eq(server_workers(s, &worker, 1), 1);
	for (int i = 0; i < 3; i++)
		fds[i] = client_connect(7000);
	for (int i = 0; i < 3; i++) {
		assert_flood(fds[i], 40);
		close(fds[i]);
	}
	if (!has_sanitizers())
		cr_assert_lt(proc_rss_kib(worker), 16 << 10, "%ld KiB", proc_rss_kib(worker));
	server_stop(s);
}

Test(tcp, a_flood_at_once_is_complete_when_max_queue_lets_it)
{
	struct server *s = server_start(SERVICE
		"[handler t]\nplugin = ${T}/flood.so\nmegabytes = %d\nat_once = yes\n", 10);
	int fd = client_connect(7000);

	assert_flood(fd, 10);
	close(fd);
	server_stop(s);
}

Test(tcp, a_flood_over_max_queue_is_cut)
{
	struct server *s = server_start(SERVICE "max_queue = 2m\n"
		"[handler t]\nplugin = ${T}/flood.so\nmegabytes = %d\nat_once = yes\n", 100);
	char *all = malloc(101 << 20);
	int fd = client_connect(7000);

	cr_assert_not_null(all);
	long n = client_read_all(fd, all, 101 << 20);
	cr_assert_lt(n, 100 << 20);
	cr_assert_eq(server_count(s, "died"), 0);
	close(fd);
	free(all);
	server_stop(s);
}

Test(tcp, closes_idle_connections_but_no_busy_ones)
{
	struct server *s = server_start(SERVICE "idle = 1s\n"
		"[handler t]\nplugin = ${E}/echo.so\n%s", "");
	int idle = client_connect(7000), busy = client_connect(7000);
	double begin = seconds_now();
	char byte;

	do {
		client_says(busy, "x");
		client_read(busy, &byte, 1);
		cr_assert_lt(seconds_now() - begin, PATIENCE, "the idle one is still open");
		let_pass(0.05);
	} while (seconds_now() - begin < 1.5 || client_hears_nothing(idle, 0.));
	client_expect_end(idle, false);
	client_expect_end(busy, false);
	cr_assert_gt(seconds_now() - begin, 1.5);
	server_stop(s);
}

Test(tcp, cuts_and_names_a_handler_that_uses_more_than_there_was)
{
	struct server *s = server_start(SERVICE "[handler t]\nplugin = ${T}/overread.so\n%s", "");

	for (size_t i = 1; i <= 3; i++) {
		int fd = client_connect(7000);
		client_says(fd, "hello");
		client_expect_end(fd, true);
		server_await_count(s, "handler t (plugin overread): tcp_data() says it used more than "
			"there was; connection cut", i);
	}
	cr_assert_eq(server_count(s, "died"), 0);
	server_stop(s);
}

Test(tcp, cuts_and_names_a_handler_that_never_uses_anything)
{
	struct server *s = server_start(SERVICE "max_input = 16k\n"
		"[handler t]\nplugin = ${T}/stuck_input.so\n%s", "");
	unsigned char *bytes = make_bytes(64 << 10);
	int fd = client_connect(7000);

	client_says(fd, "just a little is fine");
	cr_assert(client_hears_nothing(fd, 0.1));
	push(fd, bytes, 64 << 10);
	client_expect_end(fd, true);
	server_await(s, "handler t (plugin stuck_input): tcp_data() left max_input bytes unused");
	cr_assert_eq(server_count(s, "died"), 0);
	free(bytes);
	server_stop(s);
}

Test(tcp, serves_many_connections_at_once)
{
	enum { MANY = 500 };
	struct server *s = server_start(SERVICE "[handler t]\nplugin = ${E}/echo.so\n%s", "");
	int fds[MANY], answer;

	for (int i = 0; i < MANY; i++) {
		fds[i] = client_connect(7000);
		client_send(fds[i], &i, sizeof(i));
	}
	for (int i = MANY - 1; i >= 0; i--) {
		client_read(fds[i], &answer, sizeof(answer));
		cr_assert_eq(answer, i);
		close(fds[i]);
	}
	server_stop(s);
}
