/* SPDX-License-Identifier: MIT */
/*
 * stream.c - a closed-loop load over TCP.
 *
 *     kept:    ASKING --the batch is answered--> ASKING
 *     closed:  CONNECTING --> SHAKING --TLS is up--> ASKING --it is answered--> ENDING --EOF--> ...
 *
 * RESTING: there is nothing to do.  Connections that are kept are opened before the clock starts.
 *
 * A peer that is closed, that brings a byte which was not expected, or whose handshake is not of
 * the kind that was asked for is an error and stays away.
 */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bare/bare.h"

enum { EVENTS_PER_TURN = 256, ROOM = 256 * 1024 };

enum state { CONNECTING, SHAKING, ASKING, ENDING, RESTING };

struct peer {
	struct wire wire;
	enum state state;
	size_t position; /* in the batch of answers */
};

struct load {
	const struct load_plan *plan;
	const struct message *message;
	struct load_result *result;
	int epoll;
	struct peer *peers;
	size_t at_work;
	uint64_t asked;
	double end; /* by the clock, or for ever */
};

static char input[ROOM];

/* What becomes of its connection is not looked at any more. */
static void rest(struct load *load, struct peer *peer)
{
	if (peer->wire.fd >= 0)
		bare_epoll(load->epoll, EPOLL_CTL_DEL, peer->wire.fd, 0, peer);
	peer->state = RESTING;
	load->at_work--;
}

static void peer_fail(struct load *load, struct peer *peer)
{
	wire_close(&peer->wire);
	load->result->errors++;
	rest(load, peer);
}

static bool may_ask(const struct load *load)
{
	return load->plan->requests == 0 || load->asked < load->plan->requests;
}

static void ask(struct load *load, struct peer *peer)
{
	peer->state = ASKING;
	peer->position = 0;
	load->asked += load->plan->depth;
	if (wire_send(&peer->wire, load->message->out, load->message->out_size) != 0)
		peer_fail(load, peer);
}

static void shake(struct load *load, struct peer *peer)
{
	int result = wire_shake(&peer->wire, load->plan);

	if (result < 0)
		peer_fail(load, peer);
	else if (result > 0)
		ask(load, peer);
}

static void start(struct load *load, struct peer *peer)
{
	peer->state = CONNECTING;
	if (wire_open(&peer->wire, load->plan) != 0)
		peer_fail(load, peer);
	else
		bare_epoll(load->epoll, EPOLL_CTL_ADD, peer->wire.fd, EPOLLOUT, peer);
}

static void connected(struct load *load, struct peer *peer)
{
	if (!wire_is_open(&peer->wire)) {
		peer_fail(load, peer);
		return;
	}
	bare_epoll(load->epoll, EPOLL_CTL_MOD, peer->wire.fd, EPOLLIN, peer);
	peer->state = SHAKING;
	shake(load, peer);
}

/* All that comes before the first request. */
static void prepare(struct load *load, struct peer *peer)
{
	struct wire *wire = &peer->wire;

	if (wire_open(wire, load->plan) != 0 || !wire_is_open(wire))
		bare_fail("connect");
	wire_set_blocking(wire, true);
	if (wire_shake(wire, load->plan) != 1 ||
		(load->plan->kind == LOAD_WS && wire_upgrade(wire) != 0)) {
		errno = EPROTO;
		bare_fail("handshake");
	}
	wire_set_blocking(wire, false);
	bare_epoll(load->epoll, EPOLL_CTL_ADD, wire->fd, EPOLLIN, peer);
}

static void answered(struct load *load, struct peer *peer)
{
	load->result->requests += load->plan->depth;
	if (load->plan->once)
		rest(load, peer);
	else if (load->plan->close)
		peer->state = ENDING;
	else if (may_ask(load))
		ask(load, peer);
	else
		rest(load, peer);
}

static void start_again(struct load *load, struct peer *peer)
{
	wire_close(&peer->wire);
	if (may_ask(load))
		start(load, peer);
	else
		rest(load, peer);
}

/* More is there for certain only with TLS, which may have read it already. */
static bool receive(struct load *load, struct peer *peer)
{
	ssize_t got = wire_receive(&peer->wire, input, sizeof(input));

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (peer->state == ENDING && got <= 0) {
		start_again(load, peer);
		return false;
	}
	if (peer->state != ASKING || got <= 0 ||
		!message_fits(load->message, peer->position, input, (size_t)got)) {
		peer_fail(load, peer);
		return false;
	}
	peer->position += (size_t)got;
	if (peer->position == load->message->batch_size)
		answered(load, peer);
	return peer->wire.ssl != NULL && (peer->state == ASKING || peer->state == ENDING);
}

static void serve(struct load *load, struct peer *peer)
{
	if (peer->state == CONNECTING)
		connected(load, peer);
	else if (peer->state == SHAKING)
		shake(load, peer);
	else
		while (receive(load, peer))
			;
}

static void run(struct load *load)
{
	struct epoll_event events[EVENTS_PER_TURN];
	double left;

	while (load->at_work > 0 && (left = load->end - load_now()) > 0) {
		int wait = left < 1000 ? (int)(left * 1e3) + 1 : -1;
		int count = epoll_wait(load->epoll, events, EVENTS_PER_TURN, wait);
		if (count < 0 && errno != EINTR)
			bare_fail("epoll_wait");
		for (int i = 0; i < count; i++)
			serve(load, events[i].data.ptr);
	}
}

/* Until whoever started us lets go of our standard input. */
static void hold(const struct load *load)
{
	char byte;

	printf("holding %llu errors %llu\n", (unsigned long long)load->result->requests,
		(unsigned long long)load->result->errors);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
}

void load_stream(const struct load_plan *plan, const struct message *m, struct load_result *result)
{
	struct load load = {.plan = plan, .message = m, .result = result};

	load.epoll = epoll_create1(EPOLL_CLOEXEC);
	load.peers = calloc(plan->count, sizeof(*load.peers));
	if (load.epoll < 0 || load.peers == NULL)
		bare_fail("epoll_create1");
	load.at_work = plan->count;
	for (size_t i = 0; i < plan->count; i++) {
		load.peers[i].wire.fd = -1;
		if (!plan->close)
			prepare(&load, &load.peers[i]);
	}
	load_wait(plan);
	double begin = load_now();
	load.end = plan->requests > 0 || plan->once ? 1e18 : begin + plan->seconds;
	for (size_t i = 0; i < plan->count; i++) {
		if (plan->close)
			start(&load, &load.peers[i]);
		else
			ask(&load, &load.peers[i]);
	}
	run(&load);
	result->seconds = load_now() - begin;
	if (plan->once)
		hold(&load);
	for (size_t i = 0; i < plan->count; i++)
		wire_free(&load.peers[i].wire);
	free(load.peers);
	close(load.epoll);
}
