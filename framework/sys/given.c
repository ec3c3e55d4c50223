/* SPDX-License-Identifier: MIT */
/*
 * given.c - sockets that a service manager opened for this process: the protocol of sd_listen_fds(3).
 */
#include "sys/given.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FIRST = 3 };              /* SD_LISTEN_FDS_START */

static long number_in(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtol(text, NULL, 10) : 0;
}

size_t given_count(void)
{
	long count = number_in("LISTEN_PID") == (long)getpid() ? number_in("LISTEN_FDS") : 0;
	long i = 0;

	while (i < count && fcntl(FIRST + (int)i, F_SETFD, FD_CLOEXEC) == 0)
		i++;
	return (size_t)i;
}

/* Number i of "web:web:dns". */
static void find_name(size_t i, char out[GIVEN_NAME])
{
	const char *at = getenv("LISTEN_FDNAMES");

	while (at && i-- > 0) {
		at = strchr(at, ':');
		at = at ? at + 1 : NULL;
	}
	snprintf(out, GIVEN_NAME, "%.*s", at ? (int)strcspn(at, ":") : 7, at ? at : "unknown");
}

static int option(int fd, int level, int name)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) == 0 ? value : 0;
}

void given_look(size_t i, struct given *out)
{
	socklen_t len = sizeof(out->addr);
	struct stat file = {0};

	*out = (struct given){ .fd = FIRST + (int)i };
	find_name(i, out->name);
	int family = option(out->fd, SOL_SOCKET, SO_DOMAIN);
	if ((family != AF_INET && family != AF_INET6)
		|| getsockname(out->fd, &out->addr.sa, &len) < 0)
		return;
	(void)fstat(out->fd, &file);
	out->owner = file.st_uid;
	out->type = option(out->fd, SOL_SOCKET, SO_TYPE);
	out->shared = option(out->fd, SOL_SOCKET, SO_REUSEPORT) != 0;
	out->both = family == AF_INET6 && addr_is_wildcard(&out->addr)
		&& option(out->fd, IPPROTO_IPV6, IPV6_V6ONLY) == 0;
}

void given_forget(void)
{
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
}
