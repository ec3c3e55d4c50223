/* SPDX-License-Identifier: MIT */
/*
 * udp.c - a closed-loop load of datagrams: depth of them under way on each socket.
 *
 * Or bursts: depth of them leave by one send, in segments, and answers may come as pieces too, as QUIC
 * stacks and media servers have it; the next burst goes when the last one is answered.
 *
 * What is lost is sent again when a socket was silent for PATIENCE, and is no error: a datagram
 * that is not the one which was sent is.
 */
#include "load.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bare/bare.h"

enum { EVENTS_PER_TURN = 256, MOST_DEPTH = 64, ROOM = 2048, PIECE = 65536 };

#define PATIENCE 0.2 /* seconds */

struct flow {
	int fd;
	unsigned missing; /* answers of this burst */
	double heard;
};

static char bytes[MOST_DEPTH][ROOM], piece[PIECE];
static char *burst;
static struct iovec in_pieces[MOST_DEPTH], out_piece;
static struct mmsghdr in[MOST_DEPTH], out[MOST_DEPTH];

static void make_messages(const struct message *m)
{
	out_piece = (struct iovec){m->answer, m->answer_size};
	for (int i = 0; i < MOST_DEPTH; i++) {
		in_pieces[i] = (struct iovec){bytes[i], ROOM};
		in[i].msg_hdr = (struct msghdr){.msg_iov = &in_pieces[i], .msg_iovlen = 1};
		out[i].msg_hdr = (struct msghdr){.msg_iov = &out_piece, .msg_iovlen = 1};
	}
}

static void say(const struct flow *flow, unsigned count)
{
	if (sendmmsg(flow->fd, out, count, 0) < 0 && errno != EAGAIN)
		bare_fail("sendmmsg");
}

/* The socket has the size of segments: one send is a burst. */
static void say_burst(const struct load_plan *plan, const struct message *m, struct flow *flow)
{
	if (send(flow->fd, burst, plan->depth * m->answer_size, 0) < 0 && errno != EAGAIN)
		bare_fail("send");
	flow->missing = plan->depth;
}

/* A whole number of datagrams, side by side. */
static void count_piece(const struct message *m, size_t size, struct flow *flow,
	struct load_result *result)
{
	size_t count = size / m->answer_size;

	if (size % m->answer_size != 0 || memcmp(piece, burst, size) != 0)
		result->errors++;
	if (count > flow->missing) /* of a burst that was said again */
		count = flow->missing;
	flow->missing -= (unsigned)count;
	result->requests += count;
}

static void hear_burst(const struct load_plan *plan, const struct message *m, struct flow *flow,
	struct load_result *result, double now)
{
	ssize_t size;

	while (flow->missing > 0 && (size = recv(flow->fd, piece, PIECE, MSG_DONTWAIT)) >= 0) {
		count_piece(m, (size_t)size, flow, result);
		flow->heard = now;
	}
	if (flow->missing == 0)
		say_burst(plan, m, flow);
}

static void hear(const struct load_plan *plan, const struct message *m, struct flow *flow,
	struct load_result *result, double now)
{
	int count = recvmmsg(flow->fd, in, plan->depth, MSG_DONTWAIT, NULL);

	if (count < 0 && errno != EAGAIN)
		bare_fail("recvmmsg");
	if (count <= 0)
		return;
	for (int i = 0; i < count; i++)
		if (in[i].msg_len != m->answer_size ||
			memcmp(bytes[i], m->answer, m->answer_size) != 0)
			result->errors++;
	result->requests += (uint64_t)count;
	flow->heard = now;
	say(flow, (unsigned)count);
}

static void make_burst(const struct load_plan *plan, const struct message *m)
{
	burst = malloc(plan->depth * m->answer_size);
	if (burst == NULL)
		bare_fail("malloc");
	for (unsigned i = 0; i < plan->depth; i++)
		memcpy(burst + i * m->answer_size, m->answer, m->answer_size);
}

static void use_segments(int fd, size_t size)
{
	int segment = (int)size, on = 1;

	if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment)) != 0 ||
		setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)) != 0)
		bare_fail("UDP_SEGMENT");
}

static void say_first(const struct load_plan *plan, const struct message *m, struct flow *flow)
{
	if (plan->burst)
		say_burst(plan, m, flow);
	else
		say(flow, plan->depth);
}

static void start(const struct load_plan *plan, const struct message *m, int epoll,
	struct flow *flow)
{
	flow->fd = socket(plan->where->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (flow->fd < 0 || connect(flow->fd, plan->where->ai_addr, plan->where->ai_addrlen) != 0)
		bare_fail("connect");
	bare_epoll(epoll, EPOLL_CTL_ADD, flow->fd, EPOLLIN, flow);
	flow->heard = load_now();
	if (plan->burst)
		use_segments(flow->fd, m->answer_size);
	say_first(plan, m, flow);
}

static void say_again(const struct load_plan *plan, const struct message *m, struct flow *flows,
	double now)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (now - flows[i].heard < PATIENCE)
			continue;
		flows[i].heard = now;
		say_first(plan, m, &flows[i]);
	}
}

static bool is_over(
	const struct load_plan *plan, const struct load_result *result, double begin, double now)
{
	return plan->requests > 0 ? result->requests >= plan->requests
				  : now - begin >= plan->seconds;
}

void load_udp(const struct load_plan *plan, const struct message *m, struct load_result *result)
{
	struct epoll_event events[EVENTS_PER_TURN];
	struct flow *flows = calloc(plan->count, sizeof(*flows));
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (flows == NULL || epoll < 0)
		bare_fail("epoll_create1");
	make_messages(m);
	make_burst(plan, m);
	load_wait(plan);
	double begin = load_now(), now = begin;
	for (size_t i = 0; i < plan->count; i++)
		start(plan, m, epoll, &flows[i]);
	while (!is_over(plan, result, begin, now = load_now())) {
		int count = epoll_wait(epoll, events, EVENTS_PER_TURN, (int)(PATIENCE * 1e3));
		for (int i = 0; i < count; i++)
			(plan->burst ? hear_burst : hear)(
				plan, m, events[i].data.ptr, result, now);
		if (count <= 0)
			say_again(plan, m, flows, load_now());
	}
	result->seconds = now - begin;
	for (size_t i = 0; i < plan->count; i++)
		close(flows[i].fd);
	close(epoll);
	free(burst);
	free(flows);
}
