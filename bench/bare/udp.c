/* SPDX-License-Identifier: MIT */
/*
 * udp.c - a bare epoll loop that echoes datagrams.
 *
 *     bare_udp ADDR PORT many     recvmmsg and sendmmsg, BATCH at a time
 *     bare_udp ADDR PORT one      recvfrom and sendto for each
 *
 * What the socket does not take is dropped, as UDP may.
 */
#include "bare.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BATCH = 64, ROOM = 2048 };

static char bytes[BATCH][ROOM];
static struct sockaddr_storage peers[BATCH];
static struct iovec pieces[BATCH];
static struct mmsghdr messages[BATCH];

static void make_messages(void)
{
	for (int i = 0; i < BATCH; i++) {
		pieces[i] = (struct iovec){bytes[i], ROOM};
		messages[i].msg_hdr = (struct msghdr){
			.msg_name = &peers[i],
			.msg_namelen = sizeof(peers[i]),
			.msg_iov = &pieces[i],
			.msg_iovlen = 1,
		};
	}
}

static void send_many(int fd, int count)
{
	for (int i = 0; i < count; i++)
		pieces[i].iov_len = messages[i].msg_len;
	for (int sent = 0; sent < count;) {
		int done = sendmmsg(fd, messages + sent, (unsigned)(count - sent), MSG_DONTWAIT);
		sent += done > 0 ? done : 1;
	}
	for (int i = 0; i < count; i++) {
		pieces[i].iov_len = ROOM;
		messages[i].msg_hdr.msg_namelen = sizeof(peers[i]);
	}
}

/* Fewer than asked for: there are no more. */
static void serve_many(int fd)
{
	int count;

	do {
		count = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
		if (count > 0)
			send_many(fd, count);
	} while (count == BATCH);
}

static void serve_one(int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	ssize_t got;

	while ((got = recvfrom(fd, bytes[0], ROOM, MSG_DONTWAIT, (struct sockaddr *)&peer, &len)) >=
		0) {
		sendto(fd, bytes[0], (size_t)got, MSG_DONTWAIT, (struct sockaddr *)&peer, len);
		len = sizeof(peer);
	}
}

int main(int argc, char **argv)
{
	if (argc != 4 || (strcmp(argv[3], "many") != 0 && strcmp(argv[3], "one") != 0))
		bare_usage("ADDR PORT many|one");
	void (*serve)(int fd) = strcmp(argv[3], "one") == 0 ? serve_one : serve_many;
	int fd = bare_listen(argv[1], argv[2], SOCK_DGRAM);
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event;

	make_messages();
	bare_epoll(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, NULL);
	for (;;) {
		int count = epoll_wait(epoll, &event, 1, -1);
		if (count > 0)
			serve(fd);
		else if (errno != EINTR)
			bare_fail("epoll_wait");
	}
}
