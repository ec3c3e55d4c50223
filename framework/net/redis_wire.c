/* SPDX-License-Identifier: MIT */
/*
 * redis_wire.c - how a Redis is reached, and commands as it reads them.
 */
#include "net/redis_wire.h"

#include <errno.h>
#include <hiredis/hiredis.h>

#include "sys/sock.h"

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
	return s->path.sun_family != 0
		? sock_connect((const struct sockaddr *)&s->path, sizeof(s->path))
		: sock_connect(&s->addr.sa, addr_len(&s->addr));
}
