/* SPDX-License-Identifier: MIT */
#include "sys/stranger.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "sys/sock.h"

static const pid_t nobody_is_ours[] = { 1 };

static struct addr at(const char *text, int port)
{
	struct addr a[2];
	const char *why = "";

	cr_assert_geq(addr_parse(text, a, 2, &why), 1, "%s: %s", text, why);
	a[0].in.sin_port = htons((uint16_t)port);
	return a[0];
}

/* flag: SO_REUSEPORT or not; its port goes to *port. */
static int hold(const char *text, int type, bool v6only, bool flag, int *port)
{
	struct addr a = at(text, 0);
	socklen_t len = sizeof(a);
	int fd = socket(a.sa.sa_family, type | SOCK_CLOEXEC, 0), on = 1, alone = v6only;

	if (a.sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &alone, sizeof(alone));
	if (flag)
		setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	cr_assert_eq(bind(fd, &a.sa, addr_len(&a)), 0);
	if (type == SOCK_STREAM)
		cr_assert_eq(listen(fd, 7), 0);
	cr_assert_eq(getsockname(fd, &a.sa, &len), 0);
	*port = addr_port(&a);
	return fd;
}

static size_t find_for(const struct addr *a, int type, const pid_t *pids, size_t count,
	struct stranger *out, size_t max)
{
	const struct strangers_known known = { .pids = pids, .pid_count = count };
	return strangers_find(a, type, &known, out, max);
}

static size_t find(const char *text, int port, int type, struct stranger *out)
{
	struct addr a = at(text, port);

	return find_for(&a, type, nobody_is_ours, 1, out, 1);
}

Test(stranger, a_free_address_has_none)
{
	struct stranger s;
	int port, fd = hold("127.0.0.1:1", SOCK_STREAM, true, false, &port);

	close(fd);
	cr_assert_eq(find("127.0.0.1:1", port, SOCK_STREAM, &s), 0);
}

Test(stranger, is_told_with_its_program_and_flag)
{
	for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++)
		for (int flag = 0; flag <= 1; flag++) {
			struct stranger s;
			int port, fd = hold("127.0.0.1:1", type, true, flag, &port);
			struct addr a = at("127.0.0.1:1", port);

			cr_assert_eq(find("127.0.0.1:1", port, type, &s), 1);
			cr_assert_eq(s.pid, getpid());
			cr_assert_eq(s.uid, geteuid());
			cr_assert_eq(s.reuseport, flag);
			cr_assert_neq(s.inode, 0);
			cr_assert(addr_equal(&s.addr, &a));
			cr_assert_gt(s.since, 0);
			cr_assert_neq(*s.program, '\0');
			close(fd);
		}
}

Test(stranger, who_is_ours_is_none)
{
	struct stranger s;
	int port;
	pid_t us[] = { 1, getpid() };

	hold("127.0.0.1:1", SOCK_STREAM, true, true, &port);
	struct addr a = at("127.0.0.1:1", port);
	cr_assert_eq(find_for(&a, SOCK_STREAM, us, 2, &s, 1), 0);
	cr_assert_eq(find_for(&a, SOCK_STREAM, us, 1, &s, 1), 1);
}

/* The master's duplicate makes a worker's socket ours, and the other way round. */
Test(stranger, a_socket_that_one_of_us_holds_too_is_ours)
{
	struct stranger s;
	int port, fd = hold("127.0.0.1:1", SOCK_STREAM, true, true, &port);
	pid_t child = child_start("stranger");
	struct addr a = at("127.0.0.1:1", port);

	cr_assert_eq(find_for(&a, SOCK_STREAM, &child, 1, &s, 1), 0);
	cr_assert_eq(find("127.0.0.1:1", port, SOCK_STREAM, &s), 1);
	cr_assert_eq(s.pid, getpid() < child ? getpid() : child, "the lower pid is told");
	close(fd);
	cr_assert_eq(find("127.0.0.1:1", port, SOCK_STREAM, &s), 1);
	cr_assert_eq(s.pid, child);
	child_end(child);
	cr_assert_eq(find("127.0.0.1:1", port, SOCK_STREAM, &s), 0);
}

Test(stranger, a_wildcard_is_in_the_way_of_an_address)
{
	struct stranger s;
	int port;

	hold("0.0.0.0:1", SOCK_STREAM, true, false, &port);
	cr_assert_eq(find("127.0.0.1:1", port, SOCK_STREAM, &s), 1);
	cr_assert_eq(find("[::1]:1", port, SOCK_STREAM, &s), 0);
	hold("[::]:1", SOCK_STREAM, false, false, &port);
	cr_assert_eq(find("127.0.0.1:1", port, SOCK_STREAM, &s), 1, "not v6only: IPv4 too");
	cr_assert(addr_is_wildcard(&s.addr));
	hold("[::]:1", SOCK_STREAM, true, false, &port);
	cr_assert_eq(find("127.0.0.1:1", port, SOCK_STREAM, &s), 0);
	cr_assert_eq(find("[::1]:1", port, SOCK_STREAM, &s), 1);
}

Test(stranger, all_are_counted_though_few_are_told)
{
	struct stranger s[2];
	int port;

	hold("127.0.0.1:1", SOCK_STREAM, true, true, &port);
	struct addr a = at("127.0.0.1:1", port);
	for (int i = 0; i < 2; i++)
		cr_assert_eq(sock_listen(sock_bind(&a, SOCK_STREAM), 7), 0);
	s[1].inode = 0;
	cr_assert_eq(find_for(&a, SOCK_STREAM, nobody_is_ours, 1, s, 1), 3);
	cr_assert_eq(s[1].inode, 0);
}

Test(stranger, a_connection_is_none)
{
	struct stranger s;
	int port, fd = hold("127.0.0.1:1", SOCK_STREAM, true, false, &port);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct addr a = at("127.0.0.1:1", port);

	cr_assert_eq(connect(client, &a.sa, addr_len(&a)), 0);
	cr_assert_geq(accept4(fd, NULL, NULL, SOCK_CLOEXEC), 0);
	close(fd);
	cr_assert_eq(find("127.0.0.1:1", port, SOCK_STREAM, &s), 0);
}

Test(stranger, another_users_is_told_without_its_name)
{
	struct stranger s;
	int port, fd = hold("127.0.0.1:1", SOCK_STREAM, true, true, &port);
	char text[STRANGER_TEXT];

	pid_t child = child_start("stranger");
	close(fd);
	/* The real user stays: see tests/unit/holder.c. */
	cr_assert_eq(setresuid(0, 65534, 0), 0);
	cr_assert_eq(find("127.0.0.1:1", port, SOCK_STREAM, &s), 1);
	cr_assert_eq(s.pid, 0);
	cr_assert_eq(s.uid, 0);
	cr_assert_eq(s.reuseport, -1);
	stranger_tell(&s, text, sizeof(text));
	cr_assert_str_eq(text, "a process that may not be seen from here (uid 0 root)");
	cr_assert_eq(seteuid(0), 0);
	child_end(child);
}

Test(stranger, is_told_in_a_sentence)
{
	struct stranger s = { .pid = 4711, .uid = 4294900000u, .program = "nginx", .reuseport = 1 };
	struct tm then = { .tm_year = 126, .tm_mon = 10, .tm_mday = 22, .tm_hour = 14, .tm_min = 3,
		.tm_isdst = -1 };
	char text[STRANGER_TEXT], small[8];

	s.since = mktime(&then);
	size_t len = stranger_tell(&s, text, sizeof(text));
	cr_assert_str_eq(text,
		"nginx (pid 4711, uid 4294900000) since 2026-11-22 14:03, with SO_REUSEPORT");
	cr_assert_eq(len, strlen(text));
	s.reuseport = 0;
	stranger_tell(&s, text, sizeof(text));
	cr_assert_not_null(strstr(text, ", without SO_REUSEPORT"));
	s.reuseport = -1;
	s.uid = 0;
	stranger_tell(&s, text, sizeof(text));
	cr_assert_str_eq(text, "nginx (pid 4711, uid 0 root) since 2026-11-22 14:03");
	cr_assert_eq(stranger_tell(&s, small, sizeof(small)), strlen(text), "cut, and told so");
	cr_assert_str_eq(small, "nginx (");
}

Test(stranger, a_socket_that_is_known_is_none)
{
	int port, fd = hold("127.0.0.1:1", SOCK_STREAM, false, true, &port);
	struct addr a = at("127.0.0.1:1", port);
	struct stat file;
	struct stranger s;

	cr_assert_eq(fstat(fd, &file), 0);
	const unsigned long own = file.st_ino;
	cr_assert_eq(strangers_find(&a, SOCK_STREAM, &(struct strangers_known){0}, &s, 1), 1);
	cr_assert_eq(strangers_find(&a, SOCK_STREAM,
		&(struct strangers_known){ .inodes = &own, .inode_count = 1 }, &s, 1), 0);
}
