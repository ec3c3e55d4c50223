/* SPDX-License-Identifier: MIT */
/*
 * steer.c - giving classic BPF programs to sockets and taking them away.
 */
#include "sys/steer.h"

#include <errno.h>
#include <sys/socket.h>

#define LEN(a) (sizeof(a) / sizeof(*(a)))

static int attach(int fd, int option, struct sock_filter *code, size_t len)
{
	struct sock_fprog program = { .len = (unsigned short)len, .filter = code };
	return setsockopt(fd, SOL_SOCKET, option, &program, sizeof(program));
}

int steer_attach(int fd, const struct steer *s)
{
	struct sock_filter code[STEER_MOST];
	size_t len = steer_compile(s, code, LEN(code));

	return len > 0 ? attach(fd, SO_ATTACH_REUSEPORT_CBPF, code, len) : -1;
}

int steer_off(int fd)
{
	int unused = 0;

	if (setsockopt(fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &unused, sizeof(unused)) == 0)
		return 0;
	return errno == ENOENT ? 0 : -1;
}
