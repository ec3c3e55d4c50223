/* SPDX-License-Identifier: MIT */
/*
 * shortest_rig.c - a group of listening sockets that a join-shortest-queue program steers.
 */
#include "shortest_rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sys/sock.h"

struct shortest_rig jsq;

uint64_t jsq_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

void jsq_need_table(void)
{
	char why[256];

	jsq.table = shortest_create(&jsq.table_fd, why, sizeof(why));
	if (!jsq.table && errno == EPERM)
		cr_skip_test("%s", why);
	cr_assert_not_null(jsq.table, "%s", why);
}

void jsq_bind(int family, unsigned count)
{
	jsq.address = (struct addr){ .sa.sa_family = (sa_family_t)family };
	if (family == AF_INET)
		jsq.address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		jsq.address.in6.sin6_addr = in6addr_loopback;
	jsq.members = count;
	for (unsigned i = 0; i < count; i++) {
		socklen_t len = sizeof(jsq.address);
		jsq.sockets[i] = sock_bind(&jsq.address, SOCK_STREAM);
		cr_assert_geq(jsq.sockets[i], 0, "socket %u: %s", i, strerror(errno));
		cr_assert_eq(getsockname(jsq.sockets[i], &jsq.address.sa, &len), 0);
		cr_assert_eq(sock_listen(jsq.sockets[i], BACKLOG), 0);
	}
}

void jsq_attach(void)
{
	char why[256];

	int done = shortest_attach(&jsq.group, jsq.table_fd, jsq.sockets, jsq.members, why,
		sizeof(why));
	cr_assert_eq(done, 0, "%s", why);
}

void jsq_make(unsigned count)
{
	jsq_need_table();
	jsq_bind(AF_INET, count);
	jsq_attach();
	jsq.table->count = count;
	/* A test that is held up must not find a slot blocked that it did not block itself. */
	jsq.table->blocked_ns = 1000000000;
	for (unsigned i = 0; i < count; i++)
		shortest_let(&jsq.table->slots[i], true);
}

void jsq_connect_one(void)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	int fd = socket(jsq.address.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_geq(fd, 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	int done = connect(fd, &jsq.address.sa, addr_len(&jsq.address));
	cr_assert_eq(done, 0, "%s", strerror(errno));
	close(fd);
}

void jsq_connect(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		jsq_connect_one();
}

unsigned jsq_take(unsigned slot)
{
	struct addr peer;
	unsigned count = 0;
	int fd;

	while ((fd = sock_accept(jsq.sockets[slot], &peer)) >= 0) {
		close(fd);
		count++;
	}
	return count;
}

void jsq_expect(unsigned a, unsigned b, unsigned c)
{
	unsigned got[3] = { jsq_take(0), jsq_take(1), jsq_take(2) };

	cr_assert(got[0] == a && got[1] == b && got[2] == c, "%u %u %u, not %u %u %u",
		got[0], got[1], got[2], a, b, c);
}

void jsq_settle(int64_t a, int64_t b, int64_t c)
{
	shortest_settle(&jsq.table->slots[0], a);
	shortest_settle(&jsq.table->slots[1], b);
	shortest_settle(&jsq.table->slots[2], c);
}

int jsq_as_nobody(int (*what)(void))
{
	int status;

	pid_t pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0)
		_exit(setresuid(NOBODY, NOBODY, NOBODY) == 0 ? what() : 99);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
