/* SPDX-License-Identifier: MIT */
/*
 * load_echo.c - a closed-loop load on a TCP echo server.
 *
 * Every connection sends a message, waits for all of its echo, compares it and sends the next one.
 * When the time is up it says, and nothing else on stdout:
 *
 *     requests 123456 seconds 2.000 errors 0
 *
 * An error is a connection that was closed, that brought a byte which was not sent, or that
 * finished not one message.  The connections are made before the clock starts.
 */
#include "bare.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_PER_TURN = 256, EX_USAGE = 64, MOST_BYTES = 16 << 20, MOST_PEERS = 1 << 20 };

struct peer {
	int fd;		 /* -1 once it has failed */
	bool sending;	 /* watched for writable too */
	size_t sent;	 /* of this message */
	size_t received; /* of its echo */
	uint64_t finished;
};

struct load {
	int epoll;
	size_t bytes; /* in a message */
	char *message;
	char *echo;
	struct peer *peers;
	size_t count;
	size_t alive;
	uint64_t errors;
};

static double now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static bool would_block(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static void peer_fail(struct load *load, struct peer *peer)
{
	close(peer->fd);
	peer->fd = -1;
	load->alive--;
	load->errors++;
}

static void watch_sending(struct load *load, struct peer *peer, bool sending)
{
	if (peer->sending == sending)
		return;
	peer->sending = sending;
	bare_epoll(
		load->epoll, EPOLL_CTL_MOD, peer->fd, sending ? EPOLLIN | EPOLLOUT : EPOLLIN, peer);
}

static void send_more(struct load *load, struct peer *peer)
{
	ssize_t sent = send(peer->fd, load->message + peer->sent, load->bytes - peer->sent,
		MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0 && !would_block()) {
		peer_fail(load, peer);
		return;
	}
	peer->sent += sent > 0 ? (size_t)sent : 0;
	watch_sending(load, peer, peer->sent < load->bytes);
}

static void send_next(struct load *load, struct peer *peer)
{
	peer->sent = 0;
	peer->received = 0;
	send_more(load, peer);
}

/* More than was sent, or other bytes than were sent: not an echo. */
static bool is_echo(const struct load *load, const struct peer *peer, size_t got)
{
	return got <= peer->sent - peer->received &&
	       memcmp(load->echo, load->message + peer->received, got) == 0;
}

static void receive_more(struct load *load, struct peer *peer)
{
	ssize_t got = recv(peer->fd, load->echo, load->bytes, MSG_DONTWAIT);
	if (got < 0 && would_block())
		return;
	if (got <= 0 || !is_echo(load, peer, (size_t)got)) {
		peer_fail(load, peer);
		return;
	}
	peer->received += (size_t)got;
	if (peer->received < load->bytes)
		return;
	peer->finished++;
	send_next(load, peer);
}

static void serve(struct load *load, struct peer *peer, uint32_t events)
{
	if (events & EPOLLOUT)
		send_more(load, peer);
	if (peer->fd >= 0 && (events & ~(uint32_t)EPOLLOUT) != 0)
		receive_more(load, peer);
}

static void run_until(struct load *load, double end)
{
	struct epoll_event events[EVENTS_PER_TURN];
	double left;

	while (load->alive > 0 && (left = end - now()) > 0) {
		int count = epoll_wait(load->epoll, events, EVENTS_PER_TURN, (int)(left * 1e3) + 1);
		if (count < 0 && errno != EINTR)
			bare_fail("epoll_wait");
		for (int i = 0; i < count; i++)
			serve(load, events[i].data.ptr, events[i].events);
	}
}

static int open_peer(const struct addrinfo *where)
{
	const int on = 1;
	int fd = socket(where->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		bare_fail("socket");
	if (connect(fd, where->ai_addr, where->ai_addrlen) != 0)
		bare_fail("connect");
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
		bare_fail("setsockopt");
	return fd;
}

static void connect_all(struct load *load, const char *address, const char *port)
{
	struct addrinfo *where = bare_resolve(address, port);
	for (size_t i = 0; i < load->count; i++) {
		load->peers[i].fd = open_peer(where);
		bare_epoll(load->epoll, EPOLL_CTL_ADD, load->peers[i].fd, EPOLLIN, &load->peers[i]);
	}
	load->alive = load->count;
	freeaddrinfo(where);
}

/* Bytes without a short period, so that a lost or doubled piece is seen. */
static void fill_message(struct load *load)
{
	uint32_t x = 1;
	for (size_t i = 0; i < load->bytes; i++) {
		x = x * 1664525 + 1013904223;
		load->message[i] = (char)(x >> 24);
	}
}

static void load_init(struct load *load)
{
	load->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (load->epoll < 0)
		bare_fail("epoll_create1");
	load->message = malloc(load->bytes);
	load->echo = malloc(load->bytes);
	load->peers = calloc(load->count, sizeof(*load->peers));
	if (load->message == NULL || load->echo == NULL || load->peers == NULL)
		bare_fail("malloc");
	fill_message(load);
}

static void load_fini(struct load *load)
{
	for (size_t i = 0; i < load->count; i++)
		if (load->peers[i].fd >= 0)
			close(load->peers[i].fd);
	close(load->epoll);
	free(load->peers);
	free(load->echo);
	free(load->message);
}

static void report(const struct load *load, double seconds)
{
	uint64_t requests = 0, errors = load->errors;
	for (size_t i = 0; i < load->count; i++) {
		requests += load->peers[i].finished;
		errors += load->peers[i].fd >= 0 && load->peers[i].finished == 0;
	}
	printf("requests %" PRIu64 " seconds %.3f errors %" PRIu64 "\n", requests, seconds, errors);
}

static double read_number(const char *text, double least, double most, const char *name)
{
	char *end = NULL;
	double number = strtod(text, &end);
	if (end == text || *end != '\0' || !(number >= least && number <= most)) {
		fprintf(stderr, "load_echo: %s: %s is not a number from %g to %g\n", name, text,
			least, most);
		exit(EX_USAGE);
	}
	return number;
}

int main(int argc, char **argv)
{
	struct load load = {0};

	if (argc != 6) {
		fputs("usage: load_echo ADDR PORT CONNECTIONS BYTES SECONDS\n", stderr);
		return EX_USAGE;
	}
	load.count = (size_t)read_number(argv[3], 1, MOST_PEERS, "CONNECTIONS");
	load.bytes = (size_t)read_number(argv[4], 1, MOST_BYTES, "BYTES");
	double seconds = read_number(argv[5], 0.01, 86400, "SECONDS");

	load_init(&load);
	connect_all(&load, argv[1], argv[2]);
	double start = now();
	for (size_t i = 0; i < load.count; i++)
		send_next(&load, &load.peers[i]);
	run_until(&load, start + seconds);
	report(&load, now() - start);
	load_fini(&load);
	return EXIT_SUCCESS;
}
