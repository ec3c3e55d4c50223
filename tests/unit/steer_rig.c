/* SPDX-License-Identifier: MIT */
/*
 * steer_rig.c - a classic BPF machine, and groups of real sockets.
 */
#include "steer_rig.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sys/sock.h"

static _Noreturn void fail_with(const char *what, unsigned n)
{
	cr_assert_fail("%s: %#x", what, n);
	abort();
}

uint32_t rig_random(void)
{
	static uint32_t x = 2463534242;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x * 0x9e3779b1 >> 3 ^ x;
}

struct packet packet_of(int family, uint32_t n)
{
	struct packet p = { .family = family, .random = { rig_random(), rig_random() } };

	p.from.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET6) {
		p.from.in6.sin6_port = htons(40000);
		p.from.in6.sin6_addr.s6_addr[0] = 0xfd;
		n = htonl(n);
		memcpy(p.from.in6.sin6_addr.s6_addr + 12, &n, 4);
	} else {
		p.from.in.sin_port = htons(40000);
		p.from.in.sin_addr.s_addr = htonl((UINT32_C(10) << 24) + n);
	}
	return p;
}

struct packet rig_client(int family, uint32_t n)
{
	struct packet p = packet_of(family, n);

	p.length = 8;
	memcpy(p.payload + 2, &n, sizeof(n));
	return p;
}

struct steer rig_steer(enum steer_by by, int family, unsigned count)
{
	return (struct steer){
		.by = by,
		.family = family,
		.prefix = family == AF_INET ? 32 : 128,
		.offset = 2,
		.length = 4,
		.count = count,
	};
}

/* What bpf_check_classic() asks for. */
static void check(const struct rig_program *p)
{
	cr_assert_leq(p->len, STEER_MOST);
	cr_assert_eq(BPF_CLASS(p->code[p->len - 1].code), BPF_RET);
	for (size_t i = 0; i < p->len; i++) {
		const struct sock_filter *f = &p->code[i];
		if (f->code == (BPF_JMP | BPF_JA))
			cr_assert_lt(f->k, p->len - i - 1);
		else if (BPF_CLASS(f->code) == BPF_JMP)
			cr_assert(i + 1 + f->jt < p->len && i + 1 + f->jf < p->len);
		else if (BPF_CLASS(f->code) == BPF_ALU && BPF_SRC(f->code) == BPF_K
			&& (BPF_OP(f->code) == BPF_DIV || BPF_OP(f->code) == BPF_MOD))
			cr_assert_neq(f->k, 0);
	}
}

void rig_compile(const struct steer *s, struct rig_program *out)
{
	out->len = steer_compile(s, out->code, STEER_MOST);
	cr_assert_gt(out->len, 0, "%s", strerror(errno));
	check(out);
}

/* The headers as far as a program may look: of the network and the ports. */
static size_t write_headers(const struct packet *p, uint8_t out[64])
{
	memset(out, 0xee, 64);
	if (p->family == AF_INET6) {
		memcpy(out + 8, &p->from.in6.sin6_addr, 16);
		memcpy(out + 40, &p->from.in6.sin6_port, 2);
		return 48;
	}
	memcpy(out + 12, &p->from.in.sin_addr, 4);
	memcpy(out + 20, &p->from.in.sin_port, 2);
	return 28;
}

static size_t size_of(uint16_t code)
{
	return BPF_SIZE(code) == BPF_W ? 4 : BPF_SIZE(code) == BPF_H ? 2 : 1;
}

/* False for a load out of range. randoms: how often it was loaded. */
static bool load(
	const struct packet *p, const struct sock_filter *f, unsigned *randoms, uint32_t *a)
{
	uint8_t headers[64];
	size_t most = write_headers(p, headers), size = size_of(f->code);
	const uint8_t *bytes = p->payload;
	uint32_t at = f->k;

	if (at == (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM))
		return *a = p->random[(*randoms)++], true;
	if (at == (uint32_t)(SKF_AD_OFF + SKF_AD_CPU))
		return *a = p->cpu, true;
	if (at >= (uint32_t)SKF_NET_OFF) {
		at -= (uint32_t)SKF_NET_OFF;
		bytes = headers;
	} else {
		most = p->length;
	}
	if (at > most || size > most - at)
		return false;
	*a = 0;
	for (size_t i = 0; i < size; i++)
		*a = *a << 8 | bytes[at + i];
	return true;
}

static uint32_t alu(uint16_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_ADD: return a + b;
	case BPF_SUB: return a - b;
	case BPF_MUL: return a * b;
	case BPF_DIV: return a / b;
	case BPF_MOD: return a % b;
	case BPF_AND: return a & b;
	case BPF_XOR: return a ^ b;
	case BPF_RSH: return a >> b;
	}
	fail_with("not an operation", op);
}

uint32_t rig_run(const struct rig_program *program, const struct packet *packet)
{
	uint32_t a = 0, x = 0;
	unsigned randoms = 0;

	for (size_t pc = 0; pc < program->len; pc++) {
		const struct sock_filter *f = &program->code[pc];
		switch (f->code) {
		case BPF_RET | BPF_A:
			return a;
		case BPF_RET | BPF_K:
			return f->k;
		case BPF_LD | BPF_IMM:
			a = f->k;
			break;
		case BPF_LD | BPF_W | BPF_LEN:
			a = (uint32_t)packet->length;
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_JMP | BPF_JA:
			pc += f->k;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= f->k ? f->jt : f->jf;
			break;
		default:
			if (BPF_CLASS(f->code) == BPF_ALU)
				a = alu(BPF_OP(f->code), a, BPF_SRC(f->code) == BPF_X ? x : f->k);
			else if (BPF_CLASS(f->code) != BPF_LD || BPF_MODE(f->code) != BPF_ABS)
				fail_with("not an instruction", f->code);
			else if (!load(packet, f, &randoms, &a))
				return 0;
		}
	}
	fail_with("ran off the end", (unsigned)program->len);
}

void rig_group(struct rig_group *g, int family, int type)
{
	*g = (struct rig_group){ .type = type };
	g->at.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		g->at.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		g->at.in6.sin6_addr = in6addr_loopback;
	for (int i = 0; i < RIG_MEMBERS; i++) {
		socklen_t len = sizeof(g->at);
		g->members[i] = sock_bind(&g->at, type);
		if (g->members[i] < 0 && family == AF_INET6)
			cr_skip_test("this machine has no IPv6");
		cr_assert_geq(g->members[i], 0);
		cr_assert_eq(getsockname(g->members[i], &g->at.sa, &len), 0);
		if (type == SOCK_STREAM)
			cr_assert_eq(sock_listen(g->members[i], 1024), 0);
	}
}

static void loopback_up(int fd)
{
	struct ifreq up = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	cr_assert_eq(ioctl(fd, SIOCSIFFLAGS, &up), 0);
}

/* An address may be used a little after it was added, on loopback too. */
static void await_usable(const struct addr *a)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), tries = 10000;

	while (bind(fd, &a->sa, addr_len(a)) < 0) {
		cr_assert_eq(errno, EADDRNOTAVAIL);
		cr_assert_gt(tries--, 0);
		poll(NULL, 0, 1);
	}
	close(fd);
}

void rig_network6(unsigned count)
{
	struct {                 /* struct in6_ifreq of linux/ipv6.h, which libc's headers exclude */
		struct in6_addr addr;
		uint32_t        prefix;
		int             interface;
	} local = { .prefix = 128 };

	if (unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET) < 0)
		cr_skip_test("no network namespace: %s", strerror(errno));
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		cr_skip_test("this machine has no IPv6");
	loopback_up(fd);
	local.interface = (int)if_nametoindex("lo");
	for (unsigned i = 0; i < count; i++) {
		local.addr = packet_of(AF_INET6, i).from.in6.sin6_addr;
		cr_assert_eq(ioctl(fd, SIOCSIFADDR, &local), 0);
	}
	close(fd);
	for (unsigned i = 0; i < count; i++)
		await_usable(&(struct addr){ .in6 = packet_of(AF_INET6, i).from.in6 });
}

int rig_connect(const struct rig_group *g, const struct addr *from)
{
	int fd = socket(g->at.sa.sa_family, g->type | SOCK_CLOEXEC, 0), yes = 1;

	cr_assert_geq(fd, 0);
	if (from) {
		setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof(yes));
		cr_assert_eq(bind(fd, &from->sa, addr_len(from)), 0, "%s", strerror(errno));
	}
	cr_assert_eq(connect(fd, &g->at.sa, addr_len(&g->at)), 0, "%s", strerror(errno));
	return fd;
}

static bool took(const struct rig_group *g, int member)
{
	struct addr peer;
	char bytes[64];

	if (g->type == SOCK_DGRAM)
		return recv(member, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0;
	int fd = sock_accept(member, &peer);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

unsigned rig_landed(const struct rig_group *g)
{
	struct pollfd polls[RIG_MEMBERS];

	for (unsigned i = 0; i < RIG_MEMBERS; i++)
		polls[i] = (struct pollfd){ .fd = g->members[i], .events = POLLIN };
	cr_assert_eq(poll(polls, RIG_MEMBERS, 10000), 1, "nobody has it, or two have");
	for (unsigned i = 0; i < RIG_MEMBERS; i++)
		if (polls[i].revents && took(g, g->members[i]))
			return i;
	fail_with("it is gone", 0);
}

unsigned rig_visit(const struct rig_group *g, const struct addr *from)
{
	int fd = rig_connect(g, from);

	if (g->type == SOCK_DGRAM)
		cr_assert_eq(send(fd, "x", 1, 0), 1);
	unsigned member = rig_landed(g);
	if (g->type == SOCK_STREAM)
		sock_reset_on_close(fd);
	close(fd);
	return member;
}
