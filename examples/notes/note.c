/* SPDX-License-Identifier: MIT */
/* note.c - what the notes have in common.  Each call of the kernel stands here once. */
#include "note.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct note_addr note_addr(const char *address, uint16_t port)
{
	struct note_addr a = { .len = 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&a.addr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a.addr;

	if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		a.len = sizeof(*v4);
	} else if (inet_pton(AF_INET6, address, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		a.len = sizeof(*v6);
	}
	note_must(a.len > 0, address);
	return a;
}

static int close_failed(int fd)
{
	int error = errno;

	close(fd);
	errno = error;
	return -1;
}

static void turn_on(int fd, int level, int option, bool on)
{
	int value = on;

	note_must(setsockopt(fd, level, option, &value, sizeof(value)) == 0, "setsockopt");
}

int note_listen(const char *address, uint16_t port, int flags)
{
	struct note_addr a = note_addr(address, port);
	int type = flags & NOTE_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int fd = socket(a.addr.ss_family, type | SOCK_CLOEXEC, 0);

	note_must(fd >= 0, "socket");
	if (flags & NOTE_REUSEPORT)
		turn_on(fd, SOL_SOCKET, SO_REUSEPORT, true);
	/* Of UDP it would share the port. */
	if (type == SOCK_STREAM && !(flags & NOTE_BARE))
		turn_on(fd, SOL_SOCKET, SO_REUSEADDR, true);
	if (a.addr.ss_family == AF_INET6)
		turn_on(fd, IPPROTO_IPV6, IPV6_V6ONLY, !(flags & NOTE_DUAL));
	if (bind(fd, (struct sockaddr *)&a.addr, a.len) < 0)
		return close_failed(fd);
	if (type == SOCK_STREAM && listen(fd, 4096) < 0)
		return close_failed(fd);
	return fd;
}

int note_connect(const char *address, uint16_t port, const struct note_addr *local)
{
	struct note_addr a = note_addr(address, port);
	int fd = socket(a.addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	note_must(fd >= 0, "socket");
	if (local) {
		/* Several clients may have one local port, if they go to different places. */
		turn_on(fd, SOL_SOCKET, SO_REUSEADDR, true);
		if (bind(fd, (const struct sockaddr *)&local->addr, local->len) < 0)
			return close_failed(fd);
	}
	if (connect(fd, (struct sockaddr *)&a.addr, a.len) < 0)
		return close_failed(fd);
	return fd;
}

static const char *text_of(const struct sockaddr_storage *addr)
{
	static char texts[8][INET6_ADDRSTRLEN + 16];
	static unsigned next;
	char *text = texts[next++ % 8], host[INET6_ADDRSTRLEN];
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)addr;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)addr;

	if (addr->ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof(host));
		snprintf(text, sizeof(texts[0]), "[%s]:%u", host, ntohs(v6->sin6_port));
	} else {
		inet_ntop(AF_INET, &v4->sin_addr, host, sizeof(host));
		snprintf(text, sizeof(texts[0]), "%s:%u", host, ntohs(v4->sin_port));
	}
	return text;
}

const char *note_local(int fd)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	note_must(getsockname(fd, (struct sockaddr *)&addr, &len) == 0, "getsockname");
	return text_of(&addr);
}

const char *note_remote(int fd)
{
	struct sockaddr_storage addr;
	socklen_t len = sizeof(addr);

	note_must(getpeername(fd, (struct sockaddr *)&addr, &len) == 0, "getpeername");
	return text_of(&addr);
}

uint16_t note_local_port(int fd)
{
	return (uint16_t)atoi(strrchr(note_local(fd), ':') + 1);
}

void note_must(bool so, const char *what)
{
	if (so)
		return;
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(1);
}
