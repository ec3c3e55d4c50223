/* SPDX-License-Identifier: MIT */
/*
 * diag_proc.c - what /proc/net tells of sockets (proc(5)), and which of them are in the way.
 */
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/diag.h"

/* ---- /proc/net ---- */

static const char *table(int family, int type)
{
	if (type == SOCK_DGRAM)
		return family == AF_INET ? "/proc/self/net/udp" : "/proc/self/net/udp6";
	return family == AF_INET ? "/proc/self/net/tcp" : "/proc/self/net/tcp6";
}

/* Addresses are words as they lie in memory, in hexadecimal; the port is a number. */
static int read_address(const char *hex, unsigned port, int family, struct addr *out)
{
	uint32_t word[4] = {0};

	*out = (struct addr) {0};
	if (family == AF_INET) {
		if (sscanf(hex, "%8x", &word[0]) != 1)
			return -1;
		out->in.sin_family = AF_INET;
		out->in.sin_port = htons((uint16_t)port);
		memcpy(&out->in.sin_addr, word, sizeof(out->in.sin_addr));
		return 0;
	}
	if (sscanf(hex, "%8x%8x%8x%8x", &word[0], &word[1], &word[2], &word[3]) != 4)
		return -1;
	out->in6.sin6_family = AF_INET6;
	out->in6.sin6_port = htons((uint16_t)port);
	memcpy(&out->in6.sin6_addr, word, sizeof(out->in6.sin6_addr));
	return 0;
}

static int read_line(const char *line, int family, int type, struct diag_socket *s)
{
	char hex[33];
	unsigned port, state, queue, uid;
	unsigned long inode;

	if (sscanf(line, " %*d: %32[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%x %*x:%*x %*x %u %*d %lu",
		hex, &port, &state, &queue, &uid, &inode) != 6)
		return -1;
	*s = (struct diag_socket) {
		.type = type,
		.state = (int)state,
		.uid = uid,
		.inode = inode,
		.queue = queue,
		.limit = -1,
		.v6only = family == AF_INET ? 1 : -1,
	};
	return read_address(hex, port, family, &s->addr);
}

int diag_sockets_proc(int family, int type, uint16_t port, enum diag_which which,
	diag_each *each, void *arg)
{
	char line[512];
	struct diag_socket s;
	FILE *f = fopen(table(family, type), "re");

	if (!f)
		return errno == ENOENT && family == AF_INET6 ? 0 : -1;   /* no IPv6 here */
	while (fgets(line, sizeof(line), f)) {
		if (read_line(line, family, type, &s) < 0 || addr_port(&s.addr) != port)
			continue;
		if (type == SOCK_DGRAM || which == DIAG_ALL || s.state == TCP_LISTEN)
			each(arg, &s);
	}
	fclose(f);
	return 0;
}

/* ---- what is in the way ---- */

/* An IPv4 address, also one that is written as IPv6 (::ffff:127.0.0.1). */
static bool as_v4(const struct addr *a, struct in_addr *out)
{
	if (a->sa.sa_family == AF_INET) {
		*out = a->in.sin_addr;
		return true;
	}
	if (!IN6_IS_ADDR_V4MAPPED(&a->in6.sin6_addr))
		return false;
	memcpy(out, &a->in6.sin6_addr.s6_addr[12], sizeof(*out));
	return true;
}

static bool covers_v4(const struct addr *a, bool v6only)
{
	return a->sa.sa_family == AF_INET6 && addr_is_wildcard(a) && !v6only;
}

static bool addresses_meet(const struct addr *a, bool a_v6only, const struct addr *b, bool b_v6only)
{
	struct in_addr a4, b4;
	bool a_is_v4 = as_v4(a, &a4), b_is_v4 = as_v4(b, &b4);

	if (a_is_v4 && b_is_v4)
		return a4.s_addr == b4.s_addr || a4.s_addr == htonl(INADDR_ANY)
			|| b4.s_addr == htonl(INADDR_ANY);
	if (a_is_v4)
		return covers_v4(b, b_v6only);
	if (b_is_v4)
		return covers_v4(a, a_v6only);
	return addr_is_wildcard(a) || addr_is_wildcard(b)
		|| IN6_ARE_ADDR_EQUAL(&a->in6.sin6_addr, &b->in6.sin6_addr);
}

bool diag_meets(const struct diag_socket *s, const struct addr *a, bool v6only, unsigned device)
{
	if (addr_port(&s->addr) != addr_port(a))
		return false;
	if (s->device && device && s->device != device)
		return false;
	return addresses_meet(&s->addr, s->v6only == 1, a, v6only);
}
