/* SPDX-License-Identifier: MIT */
/*
 * backing.c - the Redis of this worker, if any of its services is over one.
 */
#include "worker/backing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/redis.h"

static int tell(const struct config *c, struct problems *problems, const char *what)
{
	problems_add(problems, c->file, 0, "redis_password_file = %s: %s", c->redis.password_file, what);
	return -1;
}

/* The first line, without its end. */
static int read_password(struct backing *b, const struct config *c, struct problems *problems)
{
	FILE *f = fopen(c->redis.password_file, "re");
	char line[BACKING_PASSWORD + 3] = "";

	if (!f)
		return tell(c, problems, strerror(errno));
	bool read = fgets(line, sizeof(line), f) != NULL;
	fclose(f);
	size_t len = strcspn(line, "\r\n");
	if (!read || len == 0)
		return tell(c, problems, "its first line is empty; write the password there");
	if (len > BACKING_PASSWORD)
		return tell(c, problems, "its first line is longer than 512 bytes; that is no password");
	memcpy(b->password, line, len);
	explicit_bzero(line, sizeof(line));
	b->server.password = b->password;
	return 0;
}

int backing_load(struct backing *b, const struct config *c, struct problems *problems)
{
	const struct config_redis *r = &c->redis;

	b->server = (struct redis_server){
		.name = r->name, .addr = r->addr, .user = r->user, .timeout = r->timeout,
	};
	if (r->path) {
		b->server.path.sun_family = AF_UNIX;
		memcpy(b->server.path.sun_path, r->path, strlen(r->path));
	}
	return r->password_file ? read_password(b, c, problems) : 0;
}

static bool is_needed(const struct config *c)
{
	for (size_t i = 0; i < c->service_count; i++)
		if (config_is_over_redis(&c->services[i]))
			return true;
	return false;
}

int backing_open(struct backing *b, const struct config *c, struct ev_loop *loop)
{
	if (!is_needed(c))
		return 0;
	b->redis = redis_open(&b->server, c->redis.queue, loop);
	return b->redis ? 0 : -1;
}

bool backing_is_idle(const struct backing *b)
{
	return !b->redis || redis_is_idle(b->redis);
}

void backing_close(struct backing *b)
{
	redis_close(b->redis);
	explicit_bzero(b->password, sizeof(b->password));
}
