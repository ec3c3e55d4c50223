/* SPDX-License-Identifier: MIT */
#include "sys/channel.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static int ends[2];

static void open_channel(void)
{
	cr_assert_eq(channel_open(ends), 0);
}

TestSuite(channel, .init = open_channel);

Test(channel, carries_a_message_whole)
{
	struct message out = { .type = MESSAGE_FAILED, .value = 78, .seconds = 1.5 }, in;
	int fd;

	strcpy(out.text, "why");
	cr_assert_eq(channel_send(ends[0], &out, -1), 0);
	cr_assert_eq(channel_receive(ends[1], &in, &fd), 1);
	cr_assert_eq(in.type, MESSAGE_FAILED);
	cr_assert_eq(in.value, 78);
	cr_assert_float_eq(in.seconds, 1.5, 0.);
	cr_assert_str_eq(in.text, "why");
	cr_assert_eq(fd, -1);
}

Test(channel, carries_a_descriptor_that_is_close_on_exec)
{
	struct message m = { .type = MESSAGE_BOUND };
	int pipe_ends[2], fd;
	char byte = 0;

	cr_assert_eq(pipe(pipe_ends), 0);
	cr_assert_eq(channel_send(ends[0], &m, pipe_ends[1]), 0);
	cr_assert_eq(channel_receive(ends[1], &m, &fd), 1);
	cr_assert_geq(fd, 0);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(write(fd, "x", 1), 1);
	cr_assert_eq(read(pipe_ends[0], &byte, 1), 1);
	cr_assert_eq(byte, 'x');
}

Test(channel, says_again_when_there_is_nothing)
{
	struct message m;
	int fd;

	cr_assert_eq(channel_receive(ends[1], &m, &fd), -1);
	cr_assert_eq(errno, EAGAIN);
}

Test(channel, ends_when_the_other_side_is_gone)
{
	struct message m = { .type = MESSAGE_READY };
	int fd;

	cr_assert_eq(channel_send(ends[0], &m, -1), 0);
	close(ends[0]);
	cr_assert_eq(channel_receive(ends[1], &m, &fd), 1);
	cr_assert_eq(channel_receive(ends[1], &m, &fd), 0);
	cr_assert_eq(channel_wait(ends[1], &m, &fd), 0);
	cr_assert_eq(channel_send(ends[1], &m, -1), -1);
	cr_assert_eq(errno, EPIPE);
}

Test(channel, refuses_a_message_of_another_size)
{
	struct message m;
	int fd;

	cr_assert_eq(write(ends[0], "short", 5), 5);
	cr_assert_eq(channel_receive(ends[1], &m, &fd), -1);
	cr_assert_eq(errno, EPROTO);
}

Test(channel, always_ends_the_text)
{
	struct message out = { .type = MESSAGE_FAILED }, in;
	int fd;

	memset(out.text, 'x', sizeof(out.text));
	cr_assert_eq(channel_send(ends[0], &out, -1), 0);
	cr_assert_eq(channel_receive(ends[1], &in, &fd), 1);
	cr_assert_eq(strlen(in.text), MESSAGE_TEXT - 1);
}

/* ---- bugs that were ---- */

/* unix(7): an end that closes with something unread resets the other, and
 * the error comes in front of what it had said. */
Test(channel, hears_what_a_peer_said_that_died_with_unread_messages)
{
	struct message out = { .type = MESSAGE_FAILED, .value = 78 }, in;
	int fd;

	cr_assert_eq(channel_send(ends[1], &out, -1), 0);
	cr_assert_eq(channel_send(ends[0], &out, -1), 0);
	out.value = 79;
	cr_assert_eq(channel_send(ends[0], &out, -1), 0);
	close(ends[0]);
	cr_assert_eq(channel_receive(ends[1], &in, &fd), 1);
	cr_assert_eq(in.value, 78);
	cr_assert_eq(channel_wait(ends[1], &in, &fd), 1);
	cr_assert_eq(in.value, 79);
	cr_assert_eq(channel_receive(ends[1], &in, &fd), 0);
}

static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void send_descriptors(const struct message *m, size_t len, const int *fds, size_t count)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = {0};
	struct iovec part = { .iov_base = (void *)(uintptr_t)m, .iov_len = len };
	struct msghdr h = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	cr_assert_eq(sendmsg(ends[0], &h, 0), (ssize_t)len);
}

Test(channel, a_message_with_two_descriptors_leaks_none)
{
	struct message m = { .type = MESSAGE_BOUND };
	int two[2], fd;

	cr_assert_eq(pipe(two), 0);
	int before = open_descriptors();
	send_descriptors(&m, sizeof(m), two, 2);
	int got = channel_receive(ends[1], &m, &fd);
	if (got == 1 && fd >= 0)
		close(fd);
	cr_assert_eq(open_descriptors(), before);
}

Test(channel, a_descriptor_with_a_message_of_another_size_is_closed)
{
	struct message m = { .type = MESSAGE_BOUND };
	int two[2], fd;

	cr_assert_eq(pipe(two), 0);
	int before = open_descriptors();
	send_descriptors(&m, 5, two, 1);
	cr_assert_eq(channel_receive(ends[1], &m, &fd), -1);
	cr_assert_eq(errno, EPROTO);
	cr_assert_eq(fd, -1);
	cr_assert_eq(open_descriptors(), before);
}

Test(channel, carries_more_behind_a_message)
{
	struct message m = { .type = MESSAGE_CONTINUE }, in;
	char more[8];
	size_t len = sizeof(more);
	int fd;

	cr_assert_eq(channel_send_more(ends[0], &m, "more", 4, ends[0]), 0);
	cr_assert_eq(channel_send(ends[0], &m, -1), 0);
	cr_assert_eq(channel_receive_more(ends[1], &in, more, &len, &fd), 1);
	cr_assert_eq(in.type, MESSAGE_CONTINUE);
	cr_assert_eq(len, 4);
	cr_assert_eq(memcmp(more, "more", 4), 0);
	cr_assert_geq(fd, 0);
	close(fd);
	len = sizeof(more);
	cr_assert_eq(channel_receive_more(ends[1], &in, more, &len, &fd), 1);
	cr_assert_eq(len, 0);
	cr_assert_eq(fd, -1);
}

/* As a binary of before does, which knows of nothing behind it. */
Test(channel, what_is_behind_a_message_may_be_left)
{
	struct message m = { .type = MESSAGE_CONTINUE }, in;
	int fd;

	cr_assert_eq(channel_send_more(ends[0], &m, "more", 4, -1), 0);
	cr_assert_eq(channel_receive(ends[1], &in, &fd), 1);
	cr_assert_eq(channel_receive(ends[1], &in, &fd), -1);
	cr_assert_eq(errno, EAGAIN);
}
