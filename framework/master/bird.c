/* SPDX-License-Identifier: MIT */
/*
 * bird.c - what BIRD is told by its control socket.
 *
 * A line each way: BIRD greets, hears a command, and answers with lines that begin with four digits.
 * A blank behind them says that it is the last one; 0 as the first digit that it is done.  A
 * minus sign: more follow.
 */
#include "master/bird.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { REPLY = 1024 };

static int reach(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 1 };

	if (strlen(path) >= sizeof(name.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(name.sun_path, path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0
		&& setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0
		&& connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

/* Its text if the line is the last one of an answer; NULL: more follow. */
static const char *last_line(const char *line)
{
	for (int i = 0; i < 4; i++)
		if (!isdigit((unsigned char)line[i]))
			return NULL;
	return line[4] == ' ' ? line : NULL;
}

/* Reads up to the last line of an answer into line; -1 and errno. */
static int read_answer(int fd, char line[REPLY])
{
	size_t len = 0;
	ssize_t n;

	while ((n = recv(fd, line + len, 1, 0)) == 1) {
		if (line[len] != '\n') {
			len += len < REPLY - 1;
			continue;
		}
		line[len] = '\0';
		if (last_line(line))
			return 0;
		len = 0;
	}
	if (n == 0)
		errno = ECONNRESET;
	return -1;
}

static int converse(int fd, const char *command, char line[REPLY])
{
	if (read_answer(fd, line) < 0 || send(fd, command, strlen(command), MSG_NOSIGNAL) < 0)
		return -1;
	return read_answer(fd, line);
}

int bird_enable(const char *socket, const char *protocol, bool enable, char *why, size_t size)
{
	char command[256], line[REPLY];
	int fd = reach(socket), result = -1;

	snprintf(command, sizeof(command), "%s %s\n", enable ? "enable" : "disable", protocol);
	if (fd < 0 || converse(fd, command, line) < 0)
		snprintf(why, size, "%s: %s", socket, strerror(errno));
	else if (line[0] != '0')
		snprintf(why, size, "%s %s: %s", enable ? "enable" : "disable", protocol, line + 5);
	else
		result = 0;
	if (fd >= 0)
		close(fd);
	return result;
}
