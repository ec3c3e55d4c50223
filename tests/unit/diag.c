/* SPDX-License-Identifier: MIT */
#include "sys/diag.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sock.h"

enum { MAX = 16 };

/* Where it may be had, a network of its own: in the one of all tests another one may have the same port, at
 * another address. */
static void set_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };

	if (unshare(CLONE_NEWNET) < 0)
		return;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &lo), 0);
	close(fd);
}

TestSuite(diag, .init = set_up);

struct seen {
	struct diag_socket sockets[MAX];
	size_t             count;
};

static void see(void *arg, const struct diag_socket *s)
{
	struct seen *seen = arg;

	if (seen->count < MAX)
		seen->sockets[seen->count++] = *s;
}

static struct seen look(int type, int port, enum diag_which which)
{
	struct seen seen = { .count = 0 };

	cr_assert_eq(diag_sockets(type, (uint16_t)port, which, see, &seen), 0, "%s", strerror(errno));
	return seen;
}

static struct addr at(const char *text)
{
	struct addr a[2];
	const char *why = "";

	cr_assert_geq(addr_parse(text, a, 2, &why), 1, "%s: %s", text, why);
	return a[0];
}

static void set_port(struct addr *a, int port)
{
	a->in.sin_port = htons((uint16_t)port);
}

static int port_of(int fd)
{
	struct addr a = {0};
	socklen_t len = sizeof(a);

	cr_assert_eq(getsockname(fd, &a.sa, &len), 0);
	return addr_port(&a);
}

static unsigned long inode_of(int fd)
{
	struct stat st;

	cr_assert_eq(fstat(fd, &st), 0);
	return st.st_ino;
}

/* Bound to some port of that address. */
static int bound(const char *host, int type)
{
	struct addr a = at(host);

	set_port(&a, 0);
	int fd = sock_bind(&a, type);
	cr_assert_geq(fd, 0, "%s: %s", host, strerror(errno));
	return fd;
}

static int listening(const char *host)
{
	int fd = bound(host, SOCK_STREAM);

	cr_assert_eq(sock_listen(fd, 7), 0);
	return fd;
}

static int connect_to(int port)
{
	struct addr a = at("127.0.0.1:1");
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	set_port(&a, port);
	cr_assert_eq(connect(fd, &a.sa, addr_len(&a)), 0);
	return fd;
}

Test(diag, tells_a_listening_socket_and_its_queue)
{
	int fd = listening("127.0.0.1:1"), port = port_of(fd);

	connect_to(port);
	struct seen seen = look(SOCK_STREAM, port, DIAG_HOLDERS);
	cr_assert_eq(seen.count, 1);
	struct diag_socket *s = &seen.sockets[0];
	struct addr expected = at("127.0.0.1:1");
	set_port(&expected, port);
	cr_assert(addr_equal(&s->addr, &expected));
	cr_assert_eq(s->type, SOCK_STREAM);
	cr_assert_eq(s->state, TCP_LISTEN);
	cr_assert_eq(s->inode, inode_of(fd));
	cr_assert_eq(s->uid, geteuid());
	cr_assert_eq(s->queue, 1);
	cr_assert_eq(s->limit, 7);
	cr_assert_eq(s->v6only, 1);
	cr_assert_eq(s->device, 0);
	uint64_t cookie;
	socklen_t len = sizeof(cookie);
	cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len), 0);
	cr_assert_eq(s->cookie, cookie);
}

Test(diag, tells_every_member_of_a_group_and_nobody_else)
{
	int fd = listening("127.0.0.1:1"), port = port_of(fd);
	struct addr same = at("127.0.0.1:1");

	set_port(&same, port);
	cr_assert_eq(sock_listen(sock_bind(&same, SOCK_STREAM), 7), 0);
	listening("127.0.0.1:1");
	cr_assert_eq(look(SOCK_STREAM, port, DIAG_HOLDERS).count, 2);
	cr_assert_eq(look(SOCK_DGRAM, port, DIAG_HOLDERS).count, 0);
}

Test(diag, tells_whether_ipv6_is_alone)
{
	int alone = listening("[::]:1");
	int both = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), off = 0;
	struct addr any = at("[::]:1");

	set_port(&any, 0);
	setsockopt(both, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	cr_assert_eq(bind(both, &any.sa, addr_len(&any)), 0);
	cr_assert_eq(listen(both, 7), 0);
	struct seen seen = look(SOCK_STREAM, port_of(alone), DIAG_HOLDERS);
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.sockets[0].v6only, 1);
	seen = look(SOCK_STREAM, port_of(both), DIAG_HOLDERS);
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.sockets[0].v6only, 0);
	cr_assert_eq(seen.sockets[0].addr.sa.sa_family, AF_INET6);
}

Test(diag, tells_a_udp_socket_and_the_bytes_in_its_queue)
{
	int fd = bound("127.0.0.1:1", SOCK_DGRAM), port = port_of(fd), room;
	int client = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct addr to = at("127.0.0.1:1");
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	socklen_t len = sizeof(room);

	set_port(&to, port);
	cr_assert_eq(sendto(client, "hello", 5, 0, &to.sa, addr_len(&to)), 5);
	cr_assert_eq(poll(&readable, 1, 10000), 1);
	cr_assert_eq(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, &len), 0);
	struct seen seen = look(SOCK_DGRAM, port, DIAG_HOLDERS);
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.sockets[0].state, TCP_CLOSE);
	cr_assert_eq(seen.sockets[0].inode, inode_of(fd));
	cr_assert_gt(seen.sockets[0].queue, 0);
	cr_assert_eq(seen.sockets[0].limit, room);
}

Test(diag, tells_what_is_bound_and_does_not_listen)
{
	int fd = bound("127.0.0.1:1", SOCK_STREAM);
	struct seen seen = look(SOCK_STREAM, port_of(fd), DIAG_HOLDERS);

	if (seen.count == 0)
		cr_skip_test("this kernel does not tell: it is older than Linux 6.8");
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.sockets[0].state, TCP_CLOSE);
	cr_assert_eq(seen.sockets[0].inode, inode_of(fd));
	cr_assert_eq(seen.sockets[0].limit, -1);
}

Test(diag, tells_connections_only_when_asked)
{
	int fd = listening("127.0.0.1:1"), port = port_of(fd);

	connect_to(port);
	cr_assert_geq(sock_accept(fd, &(struct addr) {0}), 0);
	cr_assert_eq(look(SOCK_STREAM, port, DIAG_HOLDERS).count, 1);
	struct seen all = look(SOCK_STREAM, port, DIAG_ALL);
	size_t established = 0;
	for (size_t i = 0; i < all.count; i++)
		established += all.sockets[i].state == TCP_ESTABLISHED;
	cr_assert_eq(all.count, 2);
	cr_assert_eq(established, 1);
}

Test(diag, tells_the_device)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct addr any = at("0.0.0.0:1");

	set_port(&any, 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), 0);
	cr_assert_eq(bind(fd, &any.sa, addr_len(&any)), 0);
	struct seen seen = look(SOCK_DGRAM, port_of(fd), DIAG_HOLDERS);
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.sockets[0].device, if_nametoindex("lo"));
}

Test(diag, needs_no_privilege)
{
	int fd = listening("127.0.0.1:1");

	cr_assert_eq(setresuid(65534, 65534, 65534), 0);
	struct seen seen = look(SOCK_STREAM, port_of(fd), DIAG_HOLDERS);
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.sockets[0].inode, inode_of(fd));
	cr_assert_eq(seen.sockets[0].limit, 7);
}

/* ---- where netlink is not to be had ---- */

static void assert_proc_agrees(int family, int type, const char *host)
{
	int fd = type == SOCK_STREAM ? listening(host) : bound(host, type), port = port_of(fd);
	struct seen kernel = look(type, port, DIAG_HOLDERS), proc = { .count = 0 };

	cr_assert_eq(diag_sockets_proc(family, type, (uint16_t)port, DIAG_HOLDERS, see, &proc), 0);
	cr_assert_eq(proc.count, 1, "%s", host);
	struct diag_socket *a = &kernel.sockets[0], *b = &proc.sockets[0];
	cr_assert(addr_equal(&a->addr, &b->addr), "%s", host);
	cr_assert_eq(a->inode, b->inode);
	cr_assert_eq(a->uid, b->uid);
	cr_assert_eq(a->state, b->state);
	cr_assert_eq(a->type, b->type);
	cr_assert_eq(b->limit, -1);
	cr_assert_eq(b->v6only, family == AF_INET ? 1 : -1);
}

Test(diag, proc_tells_the_same_as_netlink)
{
	assert_proc_agrees(AF_INET, SOCK_STREAM, "127.0.0.1:1");
	assert_proc_agrees(AF_INET, SOCK_DGRAM, "0.0.0.0:1");
	assert_proc_agrees(AF_INET6, SOCK_STREAM, "[::1]:1");
	assert_proc_agrees(AF_INET6, SOCK_DGRAM, "[::]:1");
}

/* What RestrictAddressFamilies=AF_INET of systemd.exec(5) does. */
static void forbid_netlink(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0, "%s", strerror(errno));
	cr_assert_eq(socket(AF_NETLINK, SOCK_RAW, 0), -1);
}

Test(diag, reads_proc_where_a_sandbox_forbids_netlink)
{
	int tcp = listening("127.0.0.1:1"), udp = bound("[::1]:1", SOCK_DGRAM);

	forbid_netlink();
	struct seen seen = look(SOCK_STREAM, port_of(tcp), DIAG_HOLDERS);
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.sockets[0].inode, inode_of(tcp));
	seen = look(SOCK_DGRAM, port_of(udp), DIAG_HOLDERS);
	cr_assert_eq(seen.count, 1);
	cr_assert_eq(seen.sockets[0].inode, inode_of(udp));
}

/* ---- what is in the way ---- */

static bool meet(const char *held, int held_v6only, const char *wanted, bool wanted_v6only)
{
	struct diag_socket s = { .addr = at(held), .v6only = held_v6only };
	struct addr a = at(wanted);

	return diag_meets(&s, &a, wanted_v6only, 0);
}

Test(diag, an_address_meets_itself_and_the_wildcards_that_cover_it)
{
	cr_assert(meet("127.0.0.1:80", 1, "127.0.0.1:80", true));
	cr_assert(meet("0.0.0.0:80", 1, "127.0.0.1:80", true));
	cr_assert(meet("127.0.0.1:80", 1, "0.0.0.0:80", true));
	cr_assert(meet("[::]:80", 1, "[::1]:80", true));
	cr_assert(meet("[::1]:80", 0, "[::]:80", true));
	cr_assert_not(meet("127.0.0.1:80", 1, "127.0.0.2:80", true));
	cr_assert_not(meet("127.0.0.1:80", 1, "127.0.0.1:81", true));
	cr_assert_not(meet("[::1]:80", 0, "127.0.0.1:80", true));
	cr_assert_not(meet("[::1]:80", 0, "0.0.0.0:80", true));
}

Test(diag, both_families_meet_unless_ipv6_is_alone)
{
	cr_assert(meet("[::]:80", 0, "127.0.0.1:80", true));
	cr_assert(meet("[::]:80", -1, "0.0.0.0:80", true), "what is not told may be in the way");
	cr_assert(meet("0.0.0.0:80", 1, "[::]:80", false));
	cr_assert_not(meet("[::]:80", 1, "127.0.0.1:80", true));
	cr_assert_not(meet("0.0.0.0:80", 1, "[::]:80", true));
	cr_assert(meet("[::ffff:127.0.0.1]:80", 0, "127.0.0.1:80", true), "IPv4 in IPv6's clothes");
	cr_assert_not(meet("[::ffff:127.0.0.1]:80", 0, "[::]:80", true));
}

Test(diag, devices_keep_sockets_apart)
{
	struct diag_socket s = { .addr = at("0.0.0.0:80"), .v6only = 1, .device = 2 };

	cr_assert(diag_meets(&s, &s.addr, true, 2));
	cr_assert(diag_meets(&s, &s.addr, true, 0));
	cr_assert_not(diag_meets(&s, &s.addr, true, 3));
}
