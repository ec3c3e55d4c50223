/* SPDX-License-Identifier: MIT */
/*
 * udp.c - a closed-loop load of datagrams: depth of them under way on each socket.
 *
 * What is lost is sent again when a socket was silent for PATIENCE, and is no error: a datagram
 * that is not the one which was sent is.
 */
#include "load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bare/bare.h"

enum { EVENTS_PER_TURN = 256, MOST_DEPTH = 64, ROOM = 2048 };

#define PATIENCE 0.2 /* seconds */

struct flow {
	int fd;
	double heard;
};

static char bytes[MOST_DEPTH][ROOM];
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

static void start(const struct load_plan *plan, int epoll, struct flow *flow)
{
	flow->fd = socket(plan->where->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (flow->fd < 0 || connect(flow->fd, plan->where->ai_addr, plan->where->ai_addrlen) != 0)
		bare_fail("connect");
	bare_epoll(epoll, EPOLL_CTL_ADD, flow->fd, EPOLLIN, flow);
	flow->heard = load_now();
	say(flow, plan->depth);
}

static void say_again(const struct load_plan *plan, struct flow *flows, double now)
{
	for (size_t i = 0; i < plan->count; i++) {
		if (now - flows[i].heard < PATIENCE)
			continue;
		flows[i].heard = now;
		say(&flows[i], plan->depth);
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
	load_wait(plan);
	double begin = load_now(), now = begin;
	for (size_t i = 0; i < plan->count; i++)
		start(plan, epoll, &flows[i]);
	while (!is_over(plan, result, begin, now = load_now())) {
		int count = epoll_wait(epoll, events, EVENTS_PER_TURN, (int)(PATIENCE * 1e3));
		for (int i = 0; i < count; i++)
			hear(plan, m, events[i].data.ptr, result, now);
		if (count <= 0)
			say_again(plan, flows, load_now());
	}
	result->seconds = now - begin;
	for (size_t i = 0; i < plan->count; i++)
		close(flows[i].fd);
	close(epoll);
	free(flows);
}
