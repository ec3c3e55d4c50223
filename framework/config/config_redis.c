/* SPDX-License-Identifier: MIT */
/*
 * config_redis.c - what workers share, and Redis, where it is that: the keys redis... of
 * [portico], and table, publish and redis_prefix of [service NAME].
 *
 * A name would have to be looked up again whenever a worker connects, and a loop must not wait
 * for that: so there are none but localhost.
 */
#include "config/config_draft.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "sys/bus.h"
#include "sys/local.h"
#include "sys/table.h"

#define UNIX      "unix:"
#define LOCALHOST "localhost:"

#define MOST_TABLE    ((size_t)1 << 40)
#define MOST_MESSAGES ((size_t)1 << 30)

enum { PREFIX_MOST = 64 };

/* ---- where it is ---- */

static bool is_numeric(const char *text)
{
	const char *colon = strrchr(text, ':');
	char host[INET_ADDRSTRLEN];
	struct in_addr ip;

	if (text[0] == '[')
		return true;
	if (!colon || (size_t)(colon - text) >= sizeof(host))
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	return inet_pton(AF_INET, host, &ip) == 1;
}

static int read_path(struct draft *d, const struct ini_section *section, const struct ini_entry *e)
{
	struct config_redis *r = &d->portico.config.redis;

	r->path = ini_relative(d->mem, section->file, e->value + strlen(UNIX));
	if (!r->path)
		return -1;
	if (e->value[strlen(UNIX)] == '\0' || strlen(r->path) > LOCAL_PATH)
		problems_add(&d->problems, section->file, e->line,
			"redis = %s: a path of 1 to %d bytes is expected behind " UNIX
			"; write unix:/run/redis/redis.sock", e->value, LOCAL_PATH);
	return 0;
}

static int read_address(struct draft *d, const struct ini_section *section, const struct ini_entry *e)
{
	struct config_redis *r = &d->portico.config.redis;
	const char *text = e->value, *why = NULL;

	if (strncmp(text, LOCALHOST, strlen(LOCALHOST)) == 0)
		text = arena_printf(d->mem, "127.0.0.1:%s", text + strlen(LOCALHOST));
	if (!text)
		return -1;
	if (!is_numeric(text))
		why = "no address; names are not looked up: write 127.0.0.1:6379, [::1]:6379, "
			"localhost:6379 or unix:/path";
	else if (addr_parse(text, &r->addr, 1, &why) > 0)
		why = NULL;
	if (why)
		problems_add(&d->problems, section->file, e->line, "redis = %s: %s", e->value, why);
	return 0;
}

static void refuse_alone(struct draft *d, const struct ini_section *section)
{
	static const char *const keys[] = {
		"redis_user", "redis_password_file", "redis_timeout", "redis_queue",
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const struct ini_entry *e = ini_find(section, keys[i]);
		if (!e)
			continue;
		problems_add(&d->problems, section->file, e->line,
			"%s: there is no Redis; add redis = ADDRESS:PORT, or delete it", e->key);
		return;
	}
}

/* A user is known by a password, and one without a user is the default user's. */
static int read_account(struct draft *d, const struct ini_section *section)
{
	struct config_redis *r = &d->portico.config.redis;
	const struct ini_entry *user = ini_find(section, "redis_user");

	if (*d->portico.redis_user)
		r->user = d->portico.redis_user;
	if (*d->portico.redis_password_file) {
		r->password_file = ini_relative(d->mem, section->file, d->portico.redis_password_file);
		return r->password_file ? 0 : -1;
	}
	if (r->user)
		problems_add(&d->problems, section->file, user->line,
			"redis_user without redis_password_file; add the file of the password");
	return 0;
}

int config_read_redis(struct draft *d, const struct ini_section *section)
{
	const struct ini_entry *e = ini_find(section, "redis");
	struct config_redis *r = &d->portico.config.redis;

	if (!*d->portico.redis) {
		if (!e)
			refuse_alone(d, section);
		return 0;
	}
	r->name = d->portico.redis;
	if (read_account(d, section) < 0)
		return -1;
	return strncmp(e->value, UNIX, strlen(UNIX)) == 0
		? read_path(d, section, e) : read_address(d, section, e);
}

/* ---- what a service has ---- */

static void refuse(struct draft *d, const struct draft_service *s, const char *key, const char *why)
{
	const struct ini_entry *e = ini_find(s->section, key);

	problems_add(&d->problems, s->section->file, e->line, "%s = %s: %s", key, e->value, why);
}

static bool is_redis(struct draft *d, const struct draft_service *s, const char *key, const char *text)
{
	if (strcmp(text, "redis") != 0)
		return false;
	if (!d->portico.config.redis.name)
		refuse(d, s, key, "nobody says where it is; add redis = ADDRESS:PORT to [portico]");
	return true;
}

/* Between least, below which one has room for nothing, and most. */
static size_t read_size(struct draft *d, const struct draft_service *s, const char *key,
	const char *text, size_t least, size_t most)
{
	size_t size = 0;
	bool is_size = text_size(text, &size) == 0;

	if (!is_size && errno == EINVAL)
		refuse(d, s, key, "neither a size nor redis; write 512k, 64m or 2g, or redis");
	else if (!is_size || size > most)
		refuse(d, s, key, most > MOST_MESSAGES ? "out of range; write up to 1024g"
			: "out of range; write up to 1g");
	else if (size > 0 && size < least)
		refuse(d, s, key, "less than 256k; write more, or 0 for none");
	return size;
}

static int read_prefix(struct draft *d, struct draft_service *s)
{
	struct config_service *c = &s->service;

	if (*c->redis_prefix) {
		if (strlen(c->redis_prefix) > PREFIX_MOST)
			refuse(d, s, "redis_prefix", "longer than 64 bytes; write a shorter one");
		return 0;
	}
	c->redis_prefix = arena_printf(d->mem, "portico:%s:", c->name);
	return c->redis_prefix ? 0 : -1;
}

int config_read_shared(struct draft *d, struct draft_service *s)
{
	struct config_service *c = &s->service;

	_Static_assert(TABLE_LEAST == 256 * 1024 && BUS_LEAST == 256 * 1024, "as read_size() says");
	c->table_redis = is_redis(d, s, "table", s->table);
	c->publish_redis = is_redis(d, s, "publish", s->publish);
	if (!c->table_redis)
		c->table = read_size(d, s, "table", s->table, TABLE_LEAST, MOST_TABLE);
	if (!c->publish_redis)
		c->publish = read_size(d, s, "publish", s->publish, BUS_LEAST, MOST_MESSAGES);
	return read_prefix(d, s);
}
