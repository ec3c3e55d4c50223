/* SPDX-License-Identifier: MIT */
/*
 * redis_table.c - a service's table in Redis.
 *
 * What is more than one command is a script, which Redis runs as one.  Its text goes along each time: a
 * name for it, as EVALSHA has it, is forgotten by a Redis that starts anew, and to
 * send it again then would turn the order of calls round.
 */
#include "proto/redis_table.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/redis.h"
#include "net/redis_reply.h"

enum {
	MARK = '=',
	DIGITS = 24,
	KEY = 64 + TABLE_KEY,
};

/* KEYS[1]; ARGV: by, milliseconds.  A number that a script gives back goes through a double. */
static const char add_script[] =
	"if redis.call('SET',KEYS[1],ARGV[1],'NX','PX',ARGV[2]) then return ARGV[1] end "
	"redis.call('INCRBY',KEYS[1],ARGV[1]) return redis.call('GET',KEYS[1])";

/* ARGV: what must be there, or nothing; the new value; milliseconds, or 0. */
static const char swap_script[] =
	"local is=redis.call('GET',KEYS[1]) "
	"if ARGV[1]~='' and not is then return 1 end "
	"if is and is~=ARGV[1] then return 2 end "
	"if ARGV[3]=='0' then redis.call('SET',KEYS[1],ARGV[2]) "
	"else redis.call('SET',KEYS[1],ARGV[2],'PX',ARGV[3]) end "
	"return 0";

struct asked {
	enum table_call          call;
	redis_table_answered_fn *answered;
	void                    *arg;
};

/* ---- values ---- */

static struct redis_word text_word(const char *text)
{
	return (struct redis_word){ text, strlen(text) };
}

static struct redis_word number_word(char out[DIGITS], int64_t n)
{
	return (struct redis_word){ out, (size_t)snprintf(out, DIGITS, "%" PRId64, n) };
}

/* Into out, which has room for v.len + DIGITS. */
static struct redis_word value_word(char *out, struct table_value v)
{
	int64_t n;

	if (v.len == sizeof(n)) {
		memcpy(&n, v.bytes, sizeof(n));
		return number_word(out, n);
	}
	out[0] = MARK;
	if (v.len > 0)
		memcpy(out + 1, v.bytes, v.len);
	return (struct redis_word){ out, 1 + v.len };
}

/* Redis wants one at least; what is longer than table.c's longest is as long as that. */
static struct redis_word ttl_word(char out[DIGITS], double ttl)
{
	const double most = 1e9;

	return number_word(out, ttl > 0. ? (int64_t)ceil((ttl < most ? ttl : most) * 1000.) : 0);
}

/* Digits as Redis writes them, and nothing else. */
static int read_number(const struct redisReply *r, int64_t *n)
{
	char *end, again[DIGITS];

	if (r->type != REDIS_REPLY_STRING || r->len == 0 || r->len >= DIGITS)
		return -1;
	*n = strtoll(r->str, &end, 10);
	struct redis_word w = number_word(again, *n);
	return w.len == r->len && memcmp(again, r->str, w.len) == 0 ? 0 : -1;
}

/* ---- answers ---- */

static void read_value(const struct redisReply *r, struct table_result *result)
{
	result->error = r->type == REDIS_REPLY_NIL ? ENOENT : r->type == REDIS_REPLY_STRING ? 0 : EPROTO;
	if (result->error)
		return;
	if (r->len > 0 && r->len <= 1 + TABLE_VALUE && r->str[0] == MARK) {
		result->value = r->str + 1;
		result->len = r->len - 1;
	} else if (read_number(r, &result->now) == 0) {
		result->value = &result->now;
		result->len = sizeof(result->now);
	} else {
		result->error = EDOM;    /* not from here */
	}
}

static void read_sum(const struct redisReply *r, struct table_result *result)
{
	if (r->type == REDIS_REPLY_INTEGER)
		result->now = r->integer;
	else if (read_number(r, &result->now) < 0)
		result->error = EPROTO;
}

static int swap_error(const struct redisReply *r)
{
	static const int errors[] = { 0, ENOENT, EEXIST };

	return r->type == REDIS_REPLY_INTEGER && r->integer >= 0 && r->integer < 3 ? errors[r->integer] : EPROTO;
}

static void read_reply(enum table_call call, const struct redisReply *r, struct table_result *result)
{
	result->error = redis_reply_error(r);
	if (result->error)
		return;
	if (call == TABLE_GET)
		read_value(r, result);
	else if (call == TABLE_ADD)
		read_sum(r, result);
	else if (call == TABLE_SWAP)
		result->error = swap_error(r);
	else if (call == TABLE_PUT)
		result->error = redis_reply_is(r, REDIS_REPLY_STATUS, "OK") ? 0 : EPROTO;
	else
		result->error = r->type != REDIS_REPLY_INTEGER ? EPROTO : r->integer == 0 ? ENOENT : 0;
}

static void on_answered(void *arg, int error, const struct redisReply *reply)
{
	struct asked asked = *(struct asked *)arg;
	struct table_result result = { .error = error };

	free(arg);
	if (!error)
		read_reply(asked.call, reply, &result);
	asked.answered(asked.arg, &result);
}

/* ---- calls ---- */

static int check_value(struct table_value v)
{
	return v.len > TABLE_VALUE ? EMSGSIZE : !isfinite(v.ttl) || v.ttl < 0. ? EINVAL : 0;
}

int table_op_check(const struct table_op *op)
{
	if (op->key.len == 0 || op->key.len > TABLE_KEY)
		errno = op->key.len == 0 ? EINVAL : EMSGSIZE;
	else
		errno = check_value(op->value);
	if (!errno && op->if_old && op->old.len > TABLE_VALUE)
		errno = EMSGSIZE;
	return errno ? -1 : 0;
}

struct command {
	struct redis_word words[REDIS_WORDS];
	int               count;
	char              key[KEY], number[DIGITS], ttl[DIGITS];
	char              values[];      /* room for two: old, and behind it the new one */
};

static void add_word(struct command *c, struct redis_word word)
{
	c->words[c->count++] = word;
}

static void begin(struct command *c, const char *name, const char *script)
{
	add_word(c, text_word(name));
	if (!script)
		return;
	add_word(c, text_word(script));
	add_word(c, text_word("1"));     /* key follows */
}

static void add_key(struct command *c, const struct redis_table *t, struct table_key key)
{
	size_t prefix = strlen(t->prefix);

	memcpy(c->key, t->prefix, prefix);
	memcpy(c->key + prefix, key.bytes, key.len);
	add_word(c, (struct redis_word){ c->key, prefix + key.len });
}

static void make_put(struct command *c, const struct redis_table *t, const struct table_op *op)
{
	begin(c, "SET", NULL);
	add_key(c, t, op->key);
	add_word(c, value_word(c->values, op->value));
	if (op->value.ttl <= 0.)
		return;
	add_word(c, text_word("PX"));
	add_word(c, ttl_word(c->ttl, op->value.ttl));
}

static void make_swap(struct command *c, const struct redis_table *t, const struct table_op *op)
{
	begin(c, "EVAL", swap_script);
	add_key(c, t, op->key);
	add_word(c, op->if_old ? value_word(c->values, op->old) : text_word(""));
	add_word(c, value_word(c->values + op->old.len + DIGITS, op->value));
	add_word(c, ttl_word(c->ttl, op->value.ttl));
}

static void make_add(struct command *c, const struct redis_table *t, const struct table_op *op)
{
	bool expires = op->value.ttl > 0.;

	begin(c, expires ? "EVAL" : "INCRBY", expires ? add_script : NULL);
	add_key(c, t, op->key);
	add_word(c, number_word(c->number, op->by));
	if (expires)
		add_word(c, ttl_word(c->ttl, op->value.ttl));
}

static void make(struct command *c, const struct redis_table *t, const struct table_op *op)
{
	c->count = 0;
	switch (op->call) {
	case TABLE_PUT:
		make_put(c, t, op);
		break;
	case TABLE_SWAP:
		make_swap(c, t, op);
		break;
	case TABLE_ADD:
		make_add(c, t, op);
		break;
	default:
		begin(c, op->call == TABLE_GET ? "GET" : "DEL", NULL);
		add_key(c, t, op->key);
	}
}

int redis_table_ask(const struct redis_table *t, const struct table_op *op,
	redis_table_answered_fn *answered, void *arg)
{
	struct asked *asked = malloc(sizeof(*asked));
	struct command *c = malloc(sizeof(*c) + op->old.len + op->value.len + 2 * DIGITS);
	int result = -1;

	if (asked && c) {
		*asked = (struct asked){ op->call, answered, arg };
		make(c, t, op);
		result = redis_call(t->redis, c->words, c->count, on_answered, asked);
	}
	if (result < 0)
		free(asked);
	free(c);
	return result;
}
