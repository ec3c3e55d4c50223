/* SPDX-License-Identifier: MIT */
/*
 * notify.c - tell the service manager how it goes: the protocol of sd_notify(3).
 */
#include "sys/notify.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MOST = 2048 };

/* How long a manager may be that does not read. */
#define PATIENCE_US 200000

/* The length of the address; 0: there is none. */
static socklen_t find_manager(struct sockaddr_un *at)
{
	const char *name = getenv("NOTIFY_SOCKET");
	size_t len = name ? strlen(name) : 0;

	*at = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len < 2 || len >= sizeof(at->sun_path) || (name[0] != '/' && name[0] != '@'))
		return 0;
	memcpy(at->sun_path, name, len);
	if (name[0] == '/')
		return sizeof(*at);
	at->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static void send_to(const struct sockaddr_un *at, socklen_t at_len, const char *text, size_t len)
{
	const struct timeval patience = { .tv_usec = PATIENCE_US };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	(void)sendto(fd, text, len, MSG_NOSIGNAL, (const struct sockaddr *)at, at_len);
	close(fd);
}

void notify(const char *fmt, ...)
{
	struct sockaddr_un at;
	socklen_t at_len = find_manager(&at);
	char text[MOST];
	va_list args;

	if (at_len == 0)
		return;
	va_start(args, fmt);
	int len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (len > 0 && (size_t)len < sizeof(text))
		send_to(&at, at_len, text, (size_t)len);
}

bool notify_wanted(void)
{
	struct sockaddr_un at;

	return find_manager(&at) > 0;
}

static uint64_t number_in(const char *variable)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : 0;
}

uint64_t notify_watchdog(void)
{
	uint64_t meant = number_in("WATCHDOG_PID");

	return meant == 0 || meant == (uint64_t)getpid() ? number_in("WATCHDOG_USEC") : 0;
}

void notify_forget(void)
{
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}
