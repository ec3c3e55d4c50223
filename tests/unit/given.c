/* SPDX-License-Identifier: MIT */
/* given.c - sys/given.c: sockets that somebody else opened, as the environment tells of them. */
#include "sys/given.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/sock.h"

TestSuite(given, .timeout = 30);

/* What a process finds that was given some; the test's own descriptors are in their place. */
enum { MOST = 8 };

struct found {
	size_t       count, count_after;
	struct given all[MOST];
	bool         inherited;
};

static struct found *found;

/* In a child, whose LISTEN_PID is right if it is 0. */
static void look(int pid, const char *names)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", pid ? pid : (int)getpid());
	setenv("LISTEN_PID", text, 1);
	setenv("LISTEN_FDNAMES", names, 1);
	found->count = given_count();
	for (size_t i = 0; i < found->count && i < MOST; i++) {
		given_look(i, &found->all[i]);
		if (fcntl(3 + (int)i, F_GETFD) != FD_CLOEXEC)
			found->inherited = true;
	}
	given_forget();
	found->count_after = given_count();
}

/* fds: count of them; $LISTEN_FDS is said apart. */
static void find(const int *fds, unsigned count, const char *said, int pid, const char *names)
{
	found = mmap(NULL, sizeof(*found), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(found, MAP_FAILED);
	fflush(NULL);
	pid_t child = fork();
	cr_assert_geq(child, 0);
	if (child == 0) {
		for (unsigned i = 0; i < count; i++)
			dup2(fds[i], 3 + (int)i);
		close_range(3 + count, ~0U, 0);
		setenv("LISTEN_FDS", said, 1);
		look(pid, names);
		_exit(0);
	}
	cr_assert_eq(waitpid(child, NULL, 0), child);
}

/* Above those that they will be. */
static int high(int fd)
{
	int moved = fcntl(fd, F_DUPFD, 100);

	cr_assert_geq(moved, 100);
	close(fd);
	return moved;
}

static struct addr address(int family)
{
	struct addr a = { .sa.sa_family = (sa_family_t)family };

	if (family == AF_INET)
		a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		a.in6.sin6_addr = in6addr_loopback;
	return a;
}

/* Bound with IPV6_V6ONLY as it says. */
static int ipv6_socket(int only)
{
	const struct sockaddr_in6 any = { .sin6_family = AF_INET6 };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);

	cr_assert_eq(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only)), 0);
	cr_assert_eq(bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	return fd;
}

Test(given, tells_what_each_is)
{
	struct addr tcp = address(AF_INET), udp = address(AF_INET6);
	const int fds[] = {
		high(sock_bind(&tcp, SOCK_STREAM)), high(sock_bind(&udp, SOCK_DGRAM)),
		high(socket(AF_UNIX, SOCK_STREAM, 0)), high(ipv6_socket(0)), high(ipv6_socket(1)),
	};

	find(fds, 5, "5", 0, "web:dns");
	const struct given *g = found->all;
	cr_assert_eq(found->count, 5);
	cr_assert(!found->inherited);
	cr_assert_eq(found->count_after, 0, "it is told once");
	cr_assert_eq(g[0].fd, 3);
	cr_assert_eq(g[0].type, SOCK_STREAM);
	cr_assert_eq(g[0].addr.sa.sa_family, AF_INET);
	cr_assert_gt(addr_port(&g[0].addr), 0);
	cr_assert(g[0].shared && !g[0].both);
	cr_assert_eq(g[0].owner, geteuid());
	cr_assert_str_eq(g[0].name, "web");
	cr_assert_eq(g[1].type, SOCK_DGRAM);
	cr_assert_eq(g[1].addr.sa.sa_family, AF_INET6);
	cr_assert(!g[1].both);
	cr_assert_str_eq(g[1].name, "dns");
	cr_assert_eq(g[2].addr.sa.sa_family, 0);
	cr_assert_str_eq(g[2].name, "unknown");
	cr_assert(g[3].both && !g[3].shared);
	cr_assert(!g[4].both);
}

Test(given, is_none_for_another_process_or_of_nonsense)
{
	struct addr tcp = address(AF_INET);
	const int fds[] = { high(sock_bind(&tcp, SOCK_STREAM)) };

	find(fds, 1, "1", 1, "");
	cr_assert_eq(found->count, 0);
	find(fds, 1, "-5", 0, "");
	cr_assert_eq(found->count, 0);
	find(fds, 1, "many", 0, "");
	cr_assert_eq(found->count, 0);
	find(fds, 1, "1000000000", 0, "");
	cr_assert_eq(found->count, 1, "as many as there are");
}

Test(given, a_socket_of_systemds_becomes_as_ours_are)
{
	struct addr a = address(AF_INET);
	int fd = socket(AF_INET, SOCK_STREAM, 0), on = 0;
	socklen_t len = sizeof(on);

	cr_assert_eq(sock_adopt(fd, &a, SOCK_STREAM), 0, "without SO_REUSEPORT, too");
	cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	cr_assert_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	cr_assert_eq(getsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, &len), 0);
	cr_assert_eq(on, 1);
	cr_assert_eq(sock_adopt(open("/dev/null", O_RDONLY | O_CLOEXEC), &a, SOCK_STREAM), -1);
}
