/* SPDX-License-Identifier: MIT */
/*
 * steer.c - classic BPF programs that choose a socket of a group.
 *
 * For a reuseport program offsets count from the payload; the network header is
 * reached by SKF_NET_OFF.  An IPv4 header with options is taken for one without:
 * what is read in place of the ports is still the same for all of a flow.
 */
#include "sys/steer.h"

#include <errno.h>
#include <linux/filter.h>
#include <stddef.h>
#include <sys/socket.h>

enum {
	IP4_SOURCE = 12, IP4_PORTS = 20,
	IP6_SOURCE = 8 + 12, IP6_PORTS = 40,     /* the last word of the address */
	TCP_FLAGS = 13,
	SYN = 0x02, ACK = 0x10,
	MIX = 0x9e3779b1,                        /* 2^32 / golden ratio */
};

#define LEN(a) (sizeof(a) / sizeof(*(a)))

static int attach(int fd, int option, struct sock_filter *code, size_t len)
{
	struct sock_fprog program = { .len = (unsigned short)len, .filter = code };
	return setsockopt(fd, SOL_SOCKET, option, &program, sizeof(program));
}

static int by_chance(int fd, unsigned count)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)(SKF_AD_OFF + SKF_AD_RANDOM)),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	return attach(fd, SO_ATTACH_REUSEPORT_CBPF, code, LEN(code));
}

static int by_sender(int fd, unsigned source, unsigned ports, unsigned count)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)SKF_NET_OFF + source),
		BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, (unsigned)MIX),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, (unsigned)SKF_NET_OFF + ports),
		BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_MUL | BPF_K, (unsigned)MIX),
		BPF_STMT(BPF_ALU | BPF_RSH | BPF_K, 16),
		BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, count),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};
	return attach(fd, SO_ATTACH_REUSEPORT_CBPF, code, LEN(code));
}

int steer_among(int fd, const struct addr *a, int type, unsigned count)
{
	if (type == SOCK_STREAM)
		return by_chance(fd, count);
	if (a->sa.sa_family == AF_INET6)
		return by_sender(fd, IP6_SOURCE, IP6_PORTS, count);
	return by_sender(fd, IP4_SOURCE, IP4_PORTS, count);
}

int steer_off(int fd)
{
	int unused = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof(unused)) == 0)
		return 0;
	return errno == ENOENT ? 0 : -1;
}

int steer_refuse(int fd)
{
	/* For a socket filter offsets count from the TCP header: RFC 9293, 3.1. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, TCP_FLAGS),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, SYN | ACK),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, (unsigned)-1),
	};
	return attach(fd, SO_ATTACH_FILTER, code, LEN(code));
}
