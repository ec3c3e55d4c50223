/* SPDX-License-Identifier: MIT */
/*
 * shares.c - which worker gets how many of so many connections.
 *
 * Asks tests/plugins/who.so over HTTP, each time on a new connection.  The connections come in
 * bursts of AT-ONCE: all of a burst are connected, then all asked, then all read.  Connection n
 * comes from address n % ADDRESSES, one of 127.0.0.0/8.  With "keep" they all stay open until the
 * end.  Says on stdout a line for each worker that answered, and what went wrong:
 *
 *     worker SLOT PID CONNECTIONS
 *     moved N failed N closed N
 *
 * moved: not the slot that this address had before; failed: no connection, or no answer within
 * ANSWER_TIME; closed: kept, and yet ended by the server.
 */
#include "bare/bare.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	EX_USAGE = 64,
	ANSWER_TIME = 10, /* seconds */
	ANSWER_ROOM = 1024,
	MOST_CONNECTIONS = 1 << 20,
	MOST_WORKERS = 256,
	NO_SLOT = -1,
	/* Odd, so n * SCATTER is another address for every n below 2^24; about 2^24 / 1.618, so
	 * that neighbours in n are far apart. */
	SCATTER = 10368889,
	LOOPBACK = 127 << 24,
};

struct worker {
	int slot;
	int pid;
	unsigned long count;
};

struct census {
	const struct addrinfo *where;
	size_t connections;
	size_t addresses;
	size_t at_once;
	bool keep;
	int *fds;     /* of every connection, -1 once it is closed */
	int *slot_of; /* each address, NO_SLOT before its first answer */
	struct worker workers[MOST_WORKERS];
	size_t worker_count;
	unsigned long moved, failed, closed;
};

/* ---- one connection ---- */

static struct in_addr address_of(size_t n)
{
	uint32_t host = (uint32_t)(n + 1) * SCATTER & 0xffffff;
	return (struct in_addr){htonl((uint32_t)LOOPBACK | host)};
}

static void fail(struct census *census, size_t n, const char *what)
{
	if (census->failed++ == 0)
		fprintf(stderr, "shares: connection %zu: %s: %s\n", n, what, strerror(errno));
	if (census->fds[n] >= 0)
		close(census->fds[n]);
	census->fds[n] = -1;
}

static int open_from(struct in_addr address)
{
	const int on = 1;
	const struct timeval patience = {.tv_sec = ANSWER_TIME};
	const struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = address};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
		bind(fd, (const struct sockaddr *)&from, sizeof(from)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void connect_one(struct census *census, size_t n)
{
	int fd = census->fds[n] = open_from(address_of(n % census->addresses));

	if (fd < 0)
		fail(census, n, "socket");
	else if (connect(fd, census->where->ai_addr, census->where->ai_addrlen) != 0)
		fail(census, n, "connect");
}

static void ask_one(struct census *census, size_t n)
{
	static const char kept[] = "GET / HTTP/1.1\r\nHost: bench\r\n\r\n";
	static const char last[] = "GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";
	const char *request = census->keep ? kept : last;
	ssize_t size = (ssize_t)strlen(request);

	if (census->fds[n] >= 0 && send(census->fds[n], request, (size_t)size, MSG_NOSIGNAL) != size)
		fail(census, n, "send");
}

/* ---- answers ---- */

static struct worker *find_worker(struct census *census, int slot, int pid)
{
	for (size_t i = 0; i < census->worker_count; i++)
		if (census->workers[i].slot == slot && census->workers[i].pid == pid)
			return &census->workers[i];
	if (census->worker_count == MOST_WORKERS)
		return NULL;
	struct worker *worker = &census->workers[census->worker_count++];
	*worker = (struct worker){.slot = slot, .pid = pid};
	return worker;
}

static void count_answer(struct census *census, size_t n, int slot, int pid)
{
	int *before = &census->slot_of[n % census->addresses];
	struct worker *worker = find_worker(census, slot, pid);

	if (worker == NULL) {
		errno = E2BIG;
		fail(census, n, "another worker");
		return;
	}
	worker->count++;
	census->moved += *before != NO_SLOT && *before != slot;
	*before = slot;
}

/* Whether it is whole: the body is one line, "SLOT PID\n". */
static bool read_answer(const char *text, int *slot, int *pid)
{
	const char *body = strstr(text, "\r\n\r\n");

	if (strncmp(text, "HTTP/1.1 200 ", 13) != 0 || body == NULL)
		return false;
	return strchr(body + 4, '\n') != NULL && sscanf(body + 4, "%d %d\n", slot, pid) == 2;
}

/* The server ends a connection that it was told to end: no port of ours waits then. */
static void end_one(struct census *census, size_t n)
{
	char byte;

	if (census->keep)
		return;
	if (recv(census->fds[n], &byte, 1, 0) != 0)
		fail(census, n, "not closed after its answer");
	else
		close(census->fds[n]);
	census->fds[n] = -1;
}

static void read_one(struct census *census, size_t n)
{
	char text[ANSWER_ROOM] = "";
	size_t used = 0;
	int slot = NO_SLOT, pid = 0;

	if (census->fds[n] < 0)
		return;
	while (!read_answer(text, &slot, &pid)) {
		errno = EPROTO;
		ssize_t got = recv(census->fds[n], text + used, sizeof(text) - 1 - used, 0);
		if (got <= 0) {
			fail(census, n, "no answer");
			return;
		}
		used += (size_t)got;
		text[used] = '\0';
	}
	count_answer(census, n, slot, pid);
	end_one(census, n);
}

/* ---- all of them ---- */

static void run(struct census *census)
{
	for (size_t from = 0; from < census->connections; from += census->at_once) {
		size_t to = from + census->at_once;
		if (to > census->connections)
			to = census->connections;
		for (size_t n = from; n < to; n++)
			connect_one(census, n);
		for (size_t n = from; n < to; n++)
			ask_one(census, n);
		for (size_t n = from; n < to; n++)
			read_one(census, n);
	}
}

static void count_closed(struct census *census)
{
	char byte;

	for (size_t n = 0; n < census->connections; n++) {
		if (census->fds[n] < 0)
			continue;
		census->closed += recv(census->fds[n], &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 ||
				  errno != EAGAIN;
		close(census->fds[n]);
	}
}

static void report(const struct census *census)
{
	for (size_t i = 0; i < census->worker_count; i++)
		printf("worker %d %d %lu\n", census->workers[i].slot, census->workers[i].pid,
			census->workers[i].count);
	printf("moved %lu failed %lu closed %lu\n", census->moved, census->failed, census->closed);
}

static void census_init(struct census *census)
{
	census->fds = calloc(census->connections, sizeof(*census->fds));
	census->slot_of = calloc(census->addresses, sizeof(*census->slot_of));
	if (census->fds == NULL || census->slot_of == NULL)
		bare_fail("calloc");
	for (size_t i = 0; i < census->addresses; i++)
		census->slot_of[i] = NO_SLOT;
}

static size_t read_count(const char *text, const char *name)
{
	char *end = NULL;
	unsigned long count = strtoul(text, &end, 10);

	if (end == text || *end != '\0' || count < 1 || count > MOST_CONNECTIONS) {
		fprintf(stderr, "shares: %s: %s is not a number from 1 to %d\n", name, text,
			MOST_CONNECTIONS);
		exit(EX_USAGE);
	}
	return count;
}

int main(int argc, char **argv)
{
	static struct census census;

	if (argc != 7 || (strcmp(argv[6], "keep") != 0 && strcmp(argv[6], "close") != 0)) {
		fputs("usage: shares ADDR PORT CONNECTIONS ADDRESSES AT-ONCE keep|close\n", stderr);
		return EX_USAGE;
	}
	struct addrinfo *where = bare_resolve(argv[1], argv[2], SOCK_STREAM);
	census.where = where;
	census.connections = read_count(argv[3], "CONNECTIONS");
	census.addresses = read_count(argv[4], "ADDRESSES");
	census.at_once = read_count(argv[5], "AT-ONCE");
	census.keep = strcmp(argv[6], "keep") == 0;
	census_init(&census);
	run(&census);
	count_closed(&census);
	report(&census);
	freeaddrinfo(where);
	free(census.fds);
	free(census.slot_of);
	return census.failed + census.closed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
