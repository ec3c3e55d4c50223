/* SPDX-License-Identifier: MIT */
/* udp.c - datagrams: all come back, and from the address that was asked. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "server.h"

SYSTEM_SUITE(udp);

#define ECHO(address)                                                        \
	"[portico]\nworkers = 2\n"                                           \
	"[service echo]\nprotocol = udp\nlisten = " address "\n"             \
	"[handler echo]\nplugin = ${E}/udp_echo.so\n%s"

Test(udp, echoes_many_datagrams_in_their_order)
{
	enum { ROUNDS = 100, WINDOW = 50 };
	struct server *s = server_start(ECHO("127.0.0.1:7001"), "");
	char out[64], in[64];
	int fd = udp_client("127.0.0.1", 7001);

	for (int i = 0; i < ROUNDS; i++) {
		for (int k = 0; k < WINDOW; k++) {
			int len = snprintf(out, sizeof(out), "datagram %d of round %d", k, i);
			cr_assert_eq(send(fd, out, (size_t)len, 0), len);
		}
		for (int k = 0; k < WINDOW; k++) {
			int len = snprintf(out, sizeof(out), "datagram %d of round %d", k, i);
			cr_assert_eq(recv(fd, in, sizeof(in), 0), len, "lost in round %d", i);
			cr_assert_eq(memcmp(in, out, (size_t)len), 0, "out of order");
		}
	}
	close(fd);
	server_stop(s);
}

/* In one piece through the kernel, as long as both sides can. */
static void burst_comes_back(int fd, int size, size_t len)
{
	char out[4096], in[4096];
	size_t back = 0;

	for (size_t i = 0; i < len; i++)
		out[i] = (char)(i * 7 + len);
	if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof(size)) < 0)
		SKIP_TEST("this kernel sends no segments");
	cr_assert_eq(send(fd, out, len, 0), (ssize_t)len);
	while (back < len) {
		ssize_t n = recv(fd, in, sizeof(in), 0);
		cr_assert_eq(n, len - back < (size_t)size ? (ssize_t)(len - back) : size);
		cr_assert_eq(memcmp(in, out + back, (size_t)n), 0);
		back += (size_t)n;
	}
}

static void echoes_bursts_before_and_after_a_reload(const char *host)
{
	struct server *s = server_start(ECHO("*:7001"), "");
	int fd = udp_client(host, 7001);

	for (int size = 1; size < 200; size += 13)
		burst_comes_back(fd, size, (size_t)size * 15 + 1);
	server_reload(s, ECHO("*:7001"), "");
	for (int size = 1; size < 200; size += 13)
		burst_comes_back(fd, size, (size_t)size * 15 + 1);
	close(fd);
	server_stop(s);
}

Test(udp, echoes_bursts_before_and_after_a_reload)
{
	echoes_bursts_before_and_after_a_reload("127.0.0.1");
	echoes_bursts_before_and_after_a_reload("::1");
}

Test(udp, echoes_the_smallest_and_the_largest)
{
	static const size_t sizes[] = { 0, 1, 1472, 1473, 60000, 65507 };
	static char out[65536], in[65536];
	struct server *s = server_start(ECHO("127.0.0.1:7001"), "");
	int fd = udp_client("127.0.0.1", 7001);

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (char)(i * 7);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		cr_assert_eq(udp_ask(fd, out, sizes[i], in, sizeof(in)), sizes[i], "%zu", sizes[i]);
		cr_assert_eq(memcmp(in, out, sizes[i]), 0);
	}
	close(fd);
	server_stop(s);
}

static void assert_answer_from(const char *asked)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(7001) }, from;
	socklen_t len = sizeof(from);
	struct timeval patience = { .tv_sec = (time_t)PATIENCE };
	char answer[16], text[INET_ADDRSTRLEN];
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(inet_pton(AF_INET, asked, &to.sin_addr), 1);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	cr_assert_eq(sendto(fd, "who?", 4, 0, (struct sockaddr *)&to, sizeof(to)), 4);
	cr_assert_eq(recvfrom(fd, answer, sizeof(answer), 0, (struct sockaddr *)&from, &len), 4);
	cr_assert_str_eq(inet_ntop(AF_INET, &from.sin_addr, text, sizeof(text)), asked);
	cr_assert_eq(from.sin_port, to.sin_port);
	close(fd);
}

Test(udp, a_wildcard_address_answers_from_the_address_that_was_asked)
{
	struct server *s = server_start(ECHO("0.0.0.0:7001"), "");

	assert_answer_from("127.0.0.1");
	assert_answer_from("127.0.0.2");
	assert_answer_from("127.200.3.4");
	server_stop(s);
}

Test(udp, serves_both_families_on_a_star)
{
	struct server *s = server_start(ECHO("*:7001"), "");
	char answer[16];

	assert_answer_from("127.0.0.2");
	int fd = udp_client("::1", 7001);
	cr_assert_eq(udp_ask(fd, "six", 3, answer, sizeof(answer)), 3);
	close(fd);
	server_stop(s);
}

/* Nobody listens any more where the answer goes: the error is that client's. */
Test(udp, outlives_clients_that_are_gone)
{
	struct server *s = server_start(ECHO("127.0.0.1:7001"), "");
	char answer[16];

	for (int i = 0; i < 200; i++) {
		int gone = udp_client("127.0.0.1", 7001);
		cr_assert_eq(send(gone, "bye", 3, 0), 3);
		close(gone);
		int fd = udp_client("127.0.0.1", 7001);
		cr_assert_eq(udp_ask(fd, "still", 5, answer, sizeof(answer)), 5);
		close(fd);
	}
	server_stop(s);
}

Test(udp, stop_answers_what_is_in_the_queue)
{
	struct server *s = server_start(ECHO("127.0.0.1:7001"), "");
	char answer[16];
	pid_t workers[2];
	int fd = udp_client("127.0.0.1", 7001);

	cr_assert_eq(server_workers(s, workers, 2), 2);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(kill(workers[i], SIGSTOP), 0);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(send(fd, "last", 4, 0), 4);
	server_signal(s, SIGTERM);
	server_await(s, "TERM: finishing");
	for (int i = 0; i < 2; i++)
		cr_assert_eq(kill(workers[i], SIGCONT), 0);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(recv(fd, answer, sizeof(answer), 0), 4, "datagram %d", i);
	cr_assert_eq(server_await_exit(s, PATIENCE), 0);
	server_assert_gone(s);
	close(fd);
}
