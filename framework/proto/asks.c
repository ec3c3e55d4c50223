/* SPDX-License-Identifier: MIT */
/*
 * asks.c - calls of handlers to their table that are answered later.
 *
 * Shared memory could answer at once, but then done() would nest, and what works with it
 * would not with Redis: so all is copied and done in the next turn of the loop.
 */
#include "proto/asks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/handler.h"
#include "proto/redis_table.h"

struct ask {
	struct ask             *next, **back;    /* of all */
	struct ask             *then;            /* the next one for shared memory */
	struct asks            *asks;
	struct portico_service *handler;
	portico_table_then     *done;
	void                   *arg;
	size_t                  size;
	struct table_op         op;              /* what it points to is in bytes */
	unsigned char           bytes[];
};

/* ---- the end of one ---- */

static void enlist(struct asks *a, struct ask *ask)
{
	ask->asks = a;
	ask->back = &a->all;
	ask->next = a->all;
	if (ask->next)
		ask->next->back = &ask->next;
	a->all = ask;
}

static void delist(struct ask *ask)
{
	if (ask->next)
		ask->next->back = ask->back;
	*ask->back = ask->next;
}

/* Not of the table but of the way there. */
static bool is_trouble(int error)
{
	return error && error != ENOENT && error != EEXIST && error != EDOM && error != ERANGE;
}

static void tell(const struct ask *ask, const struct table_result *result)
{
	const struct portico_table_answer answer = {
		.error = result->error,
		.value = result->value,
		.len = result->len,
		.now = result->now,
	};

	if (is_trouble(result->error))
		portico_counter_add(ask->handler->redis_errors, 1);
	if (!ask->done)
		return;
	handler_enter(ask->handler, PULSE_TABLE);
	ask->done(ask->handler, &answer, ask->arg);
	handler_leave(ask->handler);
}

/* ---- shared memory ---- */

static void get(struct table *t, const struct table_op *op, struct table_result *result)
{
	static unsigned char value[TABLE_VALUE];
	ssize_t len = table_get(t, op->key, value, sizeof(value));

	result->value = value;
	result->len = len < 0 ? 0 : (size_t)len;
	result->error = len < 0 ? errno : 0;
}

static void do_now(struct table *t, const struct table_op *op, struct table_result *result)
{
	int got = 0;

	switch (op->call) {
	case TABLE_GET:
		get(t, op, result);
		return;
	case TABLE_PUT:
		got = table_put(t, op->key, op->value);
		break;
	case TABLE_SWAP:
		got = table_swap(t, op->key, op->if_old ? &op->old : NULL, op->value);
		break;
	case TABLE_ADD:
		got = table_add(t, op->key, op->by, op->value.ttl, &result->now);
		break;
	case TABLE_DELETE:
		got = table_delete(t, op->key);
		break;
	}
	result->error = got < 0 ? errno : 0;
}

/* What a done() asks is answered in a later turn. */
static void on_turn(struct ev_loop *loop, ev_timer *t, int events)
{
	struct asks *a = t->data;
	struct ask *then;

	(void)loop;
	(void)events;
	struct ask *ask = a->first;
	a->first = NULL;
	a->last = &a->first;
	for (; ask; ask = then) {
		struct table_result result = { .error = ECANCELED };
		then = ask->then;
		a->queued -= ask->size;
		if (!a->over) {
			do_now(ask->handler->table, &ask->op, &result);
			delist(ask);
			tell(ask, &result);
		}
		free(ask);
	}
}

static int queue_one(struct asks *a, struct ask *ask)
{
	if (a->queued + ask->size > a->queue) {
		errno = ENOBUFS;
		return -1;
	}
	a->queued += ask->size;
	*a->last = ask;
	a->last = &ask->then;
	if (!ev_is_active(&a->turn)) {
		ev_timer_set(&a->turn, 0., 0.);
		ev_timer_start(a->loop, &a->turn);
	}
	return 0;
}

/* ---- Redis ---- */

static void on_answered(void *arg, const struct table_result *result)
{
	struct ask *ask = arg;

	if (!ask->asks->over) {
		delist(ask);
		tell(ask, result);
	}
	free(ask);
}

/* ---- handlers ---- */

static const void *keep(unsigned char **at, const void *bytes, size_t len)
{
	unsigned char *begin = *at;

	if (len > 0)
		memcpy(begin, bytes, len);
	*at += len;
	return begin;
}

/* For shared memory with all that it points to; Redis' own end of it copies that. */
static struct ask *create(struct portico_service *h, const struct table_op *op,
	portico_table_then *done, void *arg)
{
	size_t more = h->table ? op->key.len + op->value.len + op->old.len : 0;
	struct ask *ask = malloc(sizeof(*ask) + more);

	if (!ask)
		return NULL;
	*ask = (struct ask){
		.handler = h, .done = done, .arg = arg, .size = sizeof(*ask) + more, .op = *op,
	};
	if (more == 0)
		return ask;
	unsigned char *at = ask->bytes;
	ask->op.key.bytes = keep(&at, op->key.bytes, op->key.len);
	ask->op.value.bytes = keep(&at, op->value.bytes, op->value.len);
	ask->op.old.bytes = keep(&at, op->old.bytes, op->old.len);
	return ask;
}

static int refusal(const struct portico_service *h)
{
	if (!h->table && !h->redis_table)
		return EOPNOTSUPP;
	if (!h->asks || !h->asks->loop)
		return EINVAL;
	return h->asks->over ? ECANCELED : 0;
}

static int ask_for(struct portico_service *h, const struct table_op *op, portico_table_then *done,
	void *arg)
{
	errno = refusal(h);
	if (errno || table_op_check(op) < 0)
		return -1;
	struct ask *ask = create(h, op, done, arg);
	if (!ask)
		return -1;
	int result = h->table ? queue_one(h->asks, ask)
		: redis_table_ask(h->redis_table, op, on_answered, ask);
	if (result == 0) {
		enlist(h->asks, ask);
		return 0;
	}
	int error = errno;
	free(ask);
	if (!h->table)
		portico_counter_add(h->redis_errors, 1);
	errno = error;
	return -1;
}

int portico_table_get_then(struct portico_service *h, const void *key, size_t key_len,
	portico_table_then *done, void *arg)
{
	return ask_for(h, &(struct table_op){ .call = TABLE_GET, .key = { key, key_len } }, done, arg);
}

int portico_table_put_then(struct portico_service *h, const void *key, size_t key_len,
	const void *value, size_t len, double ttl, portico_table_then *done, void *arg)
{
	return ask_for(h, &(struct table_op){
		.call = TABLE_PUT, .key = { key, key_len }, .value = { value, len, ttl },
	}, done, arg);
}

int portico_table_swap_then(struct portico_service *h, const void *key, size_t key_len,
	const void *old, size_t old_len, const void *value, size_t len, double ttl,
	portico_table_then *done, void *arg)
{
	return ask_for(h, &(struct table_op){
		.call = TABLE_SWAP, .key = { key, key_len }, .value = { value, len, ttl },
		.if_old = old != NULL, .old = { old, old ? old_len : 0, 0. },
	}, done, arg);
}

int portico_table_add_then(struct portico_service *h, const void *key, size_t key_len,
	int64_t by, double ttl, portico_table_then *done, void *arg)
{
	return ask_for(h, &(struct table_op){
		.call = TABLE_ADD, .key = { key, key_len }, .value = { .ttl = ttl }, .by = by,
	}, done, arg);
}

int portico_table_delete_then(struct portico_service *h, const void *key, size_t key_len,
	portico_table_then *done, void *arg)
{
	return ask_for(h, &(struct table_op){ .call = TABLE_DELETE, .key = { key, key_len } }, done, arg);
}

/* ---- the worker ---- */

void asks_init(struct asks *a, struct ev_loop *loop, size_t queue)
{
	*a = (struct asks){ .loop = loop, .queue = queue, .last = &a->first };
	ev_timer_init(&a->turn, on_turn, 0., 0.);
	a->turn.data = a;
}

bool asks_is_done(const struct asks *a)
{
	return !a->all;
}

/* In the order of asking, of which the last one is the first of all. */
static struct ask *oldest_first(struct ask *ask)
{
	struct ask *turned = NULL;

	while (ask) {
		struct ask *next = ask->next;
		ask->next = turned;
		turned = ask;
		ask = next;
	}
	return turned;
}

/* What waits for a turn or for Redis is freed there: it is only told. */
void asks_give_up(struct asks *a)
{
	const struct table_result canceled = { .error = ECANCELED };

	a->over = true;
	struct ask *ask = oldest_first(a->all);
	a->all = NULL;
	for (struct ask *next; ask; ask = next) {
		next = ask->next;
		tell(ask, &canceled);
	}
}

void asks_fini(struct asks *a)
{
	if (!a->loop)
		return;
	asks_give_up(a);
	ev_timer_stop(a->loop, &a->turn);
	while (a->first) {
		struct ask *ask = a->first;
		a->first = ask->then;
		free(ask);
	}
}
