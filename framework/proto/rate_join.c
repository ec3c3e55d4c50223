/* SPDX-License-Identifier: MIT */
/*
 * rate_join.c - the rates of a service, over several machines with one Redis.
 *
 * Each worker hears all that is said, what its own machine says too.  The buckets are the machine's, so one of
 * its workers counts what it hears and the others do not (rates_may_hear()).
 */
#include "proto/rate_join.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/redis.h"
#include "net/redis_reply.h"
#include "proto/handler.h"
#include "proto/rate.h"
#include "proto/rate_list.h"

enum {
	CHANNEL = 128,
	OTHERS = 8,              /* machines */
};

struct rate_join {
	struct redis_subscription subscription;
	const struct rate      *rate;
	struct redis           *redis;
	struct portico_service *handler;
	struct portico_counter *elsewhere, *nonsense;
	ev_timer                due;     /* active: there is something to tell */
	bool                    left;
	char                    channel[CHANNEL];
	struct rate_list        list;
};

_Static_assert(offsetof(struct rate_join, subscription) == 0, "subscription comes first");

uint64_t rate_join_debt(const struct bucket_rule *rule)
{
	return OTHERS * (rule->whole + (uint64_t)(RATE_JOIN_INTERVAL * CLOCK_SECOND));
}

/* ---- telling ---- */

static void on_told(void *arg, int error, const struct redisReply *reply)
{
	struct rate_join *j = arg;

	if (error || reply->type != REDIS_REPLY_INTEGER)
		portico_counter_add(j->handler->redis_errors, 1);
}

static void tell(struct rate_join *j)
{
	char text[RATE_LIST_BYTES];

	ev_timer_stop(j->handler->loop, &j->due);
	if (j->list.all == 0)
		return;
	const struct redis_word words[] = {
		{ "PUBLISH", 7 },
		{ j->channel, strlen(j->channel) },
		{ text, rate_list_write(&j->list, rates_machine(j->rate->shared), text) },
	};
	rate_list_clear(&j->list);
	if (redis_call(j->redis, words, 3, on_told, j) < 0)
		portico_counter_add(j->handler->redis_errors, 1);
}

static void on_due(struct ev_loop *loop, ev_timer *t, int events)
{
	(void)loop;
	(void)events;
	tell(t->data);
}

static void add(struct rate_join *j, uint64_t client, const struct addr *peer)
{
	struct rates_network network = rate_network(j->rate, peer);

	if (rate_list_add(&j->list, client, network))
		return;
	tell(j);
	rate_list_add(&j->list, client, network);
}

void rate_join_note(struct rate_join *j, uint64_t client, const struct addr *peer)
{
	if (j->left)
		return;
	if (client > 0)
		add(j, client, peer);
	else
		j->list.all++;
	if (ev_is_active(&j->due))
		return;
	ev_timer_set(&j->due, RATE_JOIN_INTERVAL, 0.);
	ev_timer_start(j->handler->loop, &j->due);
}

/* ---- hearing ---- */

static void charge(const struct rate_join *j, const struct rate_letter *letter, uint64_t now)
{
	for (unsigned i = 0; i < letter->count; i++) {
		struct rate_listed c = rate_letter_client(letter, i);
		rate_charge_client(j->rate, c.network, c.count, now);
	}
	rate_charge_service(j->rate, letter->all, now);
	portico_counter_add(j->elsewhere, letter->all);
}

/* A gap is of no interest: nobody knows what was said in it. */
static void on_heard(struct redis_subscription *s, const void *data, size_t len)
{
	struct rate_join *j = (struct rate_join *)s;
	const struct rates *shared = j->rate->shared;
	struct rate_letter letter;
	uint64_t now = clock_ns();

	if (!data || j->left || !rates_may_hear(shared, (uint32_t)getpid(), now))
		return;
	if (rate_letter_read(&letter, data, len) < 0)
		portico_counter_add(j->nonsense, 1);
	else if (letter.machine != rates_machine(shared))
		charge(j, &letter, now);
}

/* ---- the whole ---- */

static struct rate_join *subscribe(struct rate_join *j, const char *prefix)
{
	snprintf(j->channel, sizeof(j->channel), "%s" RATE_JOIN_CHANNEL, prefix);
	j->subscription = (struct redis_subscription){ .channel = j->channel, .hear = on_heard };
	if (redis_subscribe(j->redis, &j->subscription) == 0)
		return j;
	free(j);
	return NULL;
}

struct rate_join *rate_join_create(const struct rate *rate, struct redis *redis, const char *prefix,
	struct portico_service *handler)
{
	struct rate_join *j = calloc(1, sizeof(*j));

	if (!j)
		return NULL;
	j->rate = rate;
	j->redis = redis;
	j->handler = handler;
	j->elsewhere = portico_counter(handler, "portico_rate_elsewhere", "let through by other machines");
	j->nonsense = portico_counter(handler, "portico_rate_nonsense", "what they said that makes no sense");
	ev_timer_init(&j->due, on_due, 0., 0.);
	j->due.data = j;
	return subscribe(j, prefix);
}

void rate_join_leave(struct rate_join *j)
{
	if (j->left)
		return;
	tell(j);
	rates_leave(j->rate->shared, (uint32_t)getpid());
	j->left = true;
}

void rate_join_destroy(struct rate_join *j)
{
	free(j);
}
