/* SPDX-License-Identifier: MIT */
/*
 * redis_wire.c - how a Redis is reached, and commands as it reads them.
 */
#include "net/redis_wire.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <netinet/tcp.h>
#include <unistd.h>

int redis_wire_append(struct buf *out, const struct redis_word *words, int count)
{
	const char *texts[REDIS_WORDS];
	size_t lens[REDIS_WORDS];
	char *command;

	for (int i = 0; i < count; i++) {
		texts[i] = words[i].bytes;
		lens[i] = words[i].len;
	}
	int len = redisFormatCommandArgv(&command, count, texts, lens);
	if (len < 0) {
		errno = ENOMEM;
		return -1;
	}
	int result = buf_append(out, command, (size_t)len);
	redisFreeCommand(command);
	return result;
}

/* A number before each word, and the marks around both. */
size_t redis_wire_size(const struct redis_word *words, int count)
{
	enum { MARKS = 16 };
	size_t size = MARKS;

	for (int i = 0; i < count; i++)
		size += words[i].len + MARKS;
	return size;
}

int redis_wire_dial(const struct redis_server *s)
{
	bool local = s->path.sun_family != 0;
	const struct sockaddr *to = local ? (const struct sockaddr *)&s->path : &s->addr.sa;
	socklen_t len = local ? sizeof(s->path) : addr_len(&s->addr);
	int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0)
		return -1;
	if (!local)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, to, len) == 0 || errno == EINPROGRESS)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}
