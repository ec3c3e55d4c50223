/* SPDX-License-Identifier: MIT */
/*
 * census.c - which slot gets how much.
 */
#include "census.h"

#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"

struct crowd crowd;

#define GET "GET / HTTP/1.1\r\nHost: test\r\n"

enum { LOOPBACK = 127 << 24, SCATTER = 10368889 };

/* ---- one ---- */

static void be_from(int fd, struct in_addr address)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr = address };
	const int on = 1;

	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	cr_assert_eq(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0, "%s", strerror(errno));
}

static int open_socket(const struct census_of *of, struct in_addr from)
{
	const char *host = of->host ? of->host : "127.0.0.1";
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)of->port) };
	struct timeval patience = { .tv_sec = (time_t)PATIENCE };

	if (strchr(host, ':'))
		return of->how == CENSUS_UDP ? udp_client(host, of->port)
			: client_try_connect(host, of->port);
	int fd = socket(AF_INET, (of->how == CENSUS_UDP ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	cr_assert_geq(fd, 0, "%s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (from.s_addr != 0)
		be_from(fd, from);
	inet_pton(AF_INET, host, &to.sin_addr);
	cr_assert_eq(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0, "%s", strerror(errno));
	return fd;
}

static unsigned ask(const struct census_of *of, struct in_addr from)
{
	char text[1024];
	int fd = open_socket(of, from);

	cr_assert_geq(fd, 0, "%s", strerror(errno));
	if (of->how == CENSUS_HTTP)
		client_says(fd, GET "Connection: close\r\n\r\n");
	if (of->how == CENSUS_UDP)
		text[udp_ask(fd, "?", 1, text, sizeof(text) - 1)] = '\0';
	else
		cr_assert_gt(client_read_all(fd, text, sizeof(text)), 0, "no answer");
	close(fd);
	const char *body = of->how == CENSUS_HTTP ? strstr(text, "\r\n\r\n") : text;
	cr_assert_not_null(body, "%s", text);
	unsigned slot = (unsigned)strtoul(body, NULL, 10);
	cr_assert_lt(slot, CENSUS_SLOTS);
	return slot;
}

unsigned census_ask(const struct census_of *of, unsigned n)
{
	struct in_addr from = { 0 };

	if (of->addresses > 0)
		from.s_addr = htonl((uint32_t)LOOPBACK
			| ((n % of->addresses + 1) * (uint32_t)SCATTER & 0xfffffe) | 1);
	return ask(of, from);
}

unsigned census_ask_from(const struct census_of *of, const char *address)
{
	struct in_addr from = { 0 };

	if (address)
		cr_assert_eq(inet_pton(AF_INET, address, &from), 1);
	return ask(of, from);
}

/* ---- many ---- */

void census_take(struct census *c, const struct census_of *of, unsigned connections)
{
	*c = (struct census){ .all = connections };
	for (unsigned i = 0; i < connections; i++)
		c->hits[census_ask(of, i)]++;
}

double census_share(const struct census *c, unsigned slot)
{
	return (double)c->hits[slot] / c->all;
}

void census_expect(const struct census *c, const double *shares, unsigned slots, double within)
{
	unsigned seen = 0;

	for (unsigned i = 0; i < slots; i++) {
		seen += c->hits[i];
		cr_assert_leq(fabs(census_share(c, i) - shares[i]), within,
			"slot %u has %.1f %% of %u, not %.1f %%", i, census_share(c, i) * 100., c->all,
			shares[i] * 100.);
		if (shares[i] == 0.)
			cr_assert_eq(c->hits[i], 0, "slot %u has %u", i, c->hits[i]);
	}
	cr_assert_eq(seen, c->all, "others than %u slots answer", slots);
}

/* ---- who stay ---- */

static void say_hello(struct crowd *c, unsigned i)
{
	client_says(c->fds[i], GET "\r\n");
}

/* false: it was ended.  Who is told goodbye is answered all the same, and has to come again. */
static bool hear(struct crowd *c, unsigned i, bool *goodbye)
{
	struct response r;

	if (!client_response(c->fds[i], &r))
		return false;
	cr_assert_eq(r.status, 200);
	c->slots[i] = (unsigned)strtoul(r.body, NULL, 10);
	cr_assert_lt(c->slots[i], CENSUS_SLOTS);
	*goodbye = r.close;
	return true;
}

static void come(struct crowd *c, unsigned i)
{
	bool goodbye = false;

	do {
		if (goodbye)
			close(c->fds[i]);
		goodbye = false;
		c->fds[i] = client_connect(c->port);
		say_hello(c, i);
		c->cut += !hear(c, i, &goodbye);
	} while (goodbye);
}

void crowd_join(struct crowd *c, int port, unsigned more)
{
	c->port = port;
	cr_assert_leq(c->count + more, CROWD_MOST);
	for (unsigned end = c->count + more; c->count < end; c->count++)
		come(c, c->count);
}

/* 0 bytes is a good order, but only if it had come before anything was asked. */
static bool was_ended(int fd)
{
	char byte;
	return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

void crowd_ask(struct crowd *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		bool ended = was_ended(c->fds[i]), answered = false, goodbye = false;
		if (!ended && send(c->fds[i], GET "\r\n", strlen(GET "\r\n"), MSG_NOSIGNAL) > 0)
			answered = hear(c, i, &goodbye);
		if (answered && !goodbye)
			continue;
		c->cut += !ended && !answered;
		c->moved += ended;
		close(c->fds[i]);
		come(c, i);
	}
}

unsigned crowd_of(const struct crowd *c, unsigned slot)
{
	unsigned count = 0;

	for (unsigned i = 0; i < c->count; i++)
		count += c->slots[i] == slot;
	return count;
}

double crowd_fullest(const struct crowd *c, unsigned slots)
{
	unsigned most = 0;

	for (unsigned i = 0; i < slots; i++)
		most = crowd_of(c, i) > most ? crowd_of(c, i) : most;
	return (double)most * slots / c->count;
}

void crowd_leave(struct crowd *c, unsigned count)
{
	for (; count > 0 && c->count > 0; count--)
		close(c->fds[--c->count]);
}
