/* SPDX-License-Identifier: MIT */
/*
 * channel.c - messages between the master and one worker, with descriptors.
 */
#include "sys/channel.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union control {                  /* room for one descriptor, aligned: cmsg(3) */
	char           bytes[CMSG_SPACE(sizeof(int))];
	struct cmsghdr align;
};

int channel_open(int ends[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends);
}

static void attach(struct msghdr *h, union control *control, int fd)
{
	memset(control, 0, sizeof(*control));
	h->msg_control = control->bytes;
	h->msg_controllen = sizeof(control->bytes);
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
}

int channel_send_more(int end, const struct message *m, const void *more, size_t len, int fd)
{
	union control control;
	struct iovec parts[] = {
		{ .iov_base = (void *)(uintptr_t)m, .iov_len = sizeof(*m) },
		{ .iov_base = (void *)(uintptr_t)more, .iov_len = len },
	};
	struct msghdr h = { .msg_iov = parts, .msg_iovlen = len > 0 ? 2 : 1 };
	ssize_t n;

	if (fd >= 0)
		attach(&h, &control, fd);
	do
		n = sendmsg(end, &h, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

int channel_send(int end, const struct message *m, int fd)
{
	return channel_send_more(end, m, NULL, 0, fd);
}

static int detach(struct msghdr *h)
{
	int fd = -1;
	struct cmsghdr *c = CMSG_FIRSTHDR(h);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

int channel_receive_more(int end, struct message *m, void *more, size_t *len, int *fd)
{
	union control control;
	struct iovec parts[] = {
		{ .iov_base = m, .iov_len = sizeof(*m) },
		{ .iov_base = more, .iov_len = *len },
	};
	struct msghdr h = {
		.msg_iov = parts,
		.msg_iovlen = *len > 0 ? 2 : 1,
		.msg_control = control.bytes,
		.msg_controllen = CMSG_LEN(sizeof(int)),     /* one: a second is not taken */
	};
	ssize_t n;

	*fd = -1;
	/* ECONNRESET comes once, in front of what the other side still said, when
	 * it died without having read everything. */
	do
		n = recvmsg(end, &h, MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || errno == ECONNRESET));
	if (n < 0)
		return -1;
	if (n == 0)
		return 0;
	*fd = detach(&h);
	if (n < (ssize_t)sizeof(*m)) {
		if (*fd >= 0)
			close(*fd);
		*fd = -1;
		errno = EPROTO;
		return -1;
	}
	m->text[MESSAGE_TEXT - 1] = '\0';
	*len = (size_t)n - sizeof(*m);
	return 1;
}

int channel_receive(int end, struct message *m, int *fd)
{
	size_t none = 0;

	return channel_receive_more(end, m, NULL, &none, fd);
}

int channel_wait(int end, struct message *m, int *fd)
{
	for (;;) {
		int got = channel_receive(end, m, fd);
		if (got >= 0 || errno != EAGAIN)
			return got;
		struct pollfd p = { .fd = end, .events = POLLIN };
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -1;
	}
}
