/* SPDX-License-Identifier: MIT */
/*
 * redis.c - the Redis of a worker: calls, and what is said in channels.
 *
 * A handler may publish right after it has subscribed, and wants to hear that: so no call is sent while
 * a subscription on its way is not confirmed.
 */
#include "net/redis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/redis_reply.h"

struct call {
	struct call       *next;
	redis_answered_fn *answered;
	void              *arg;
	size_t             size;
	double             due;          /* by the monotonic clock */
};

struct redis {
	struct redis_link   calls;
	struct redis_ear    ear;
	struct call        *first, **last;
	size_t              queued, queue;       /* bytes */
	ev_timer            due;
	struct redis_watch *watches;
	bool                up;          /* as they were told */
	struct seldom       refused;
};

/* ---- who wants to know ---- */

static void on_changed(void *arg)
{
	struct redis *r = arg;
	bool up = r->calls.state == REDIS_UP && redis_ear_is_open(&r->ear);

	redis_link_hold(&r->calls, redis_ear_is_opening(&r->ear));
	if (up == r->up)
		return;
	r->up = up;
	for (struct redis_watch *w = r->watches; w; w = w->next)
		w->changed(w, up);
}

static void on_up(void *arg)
{
	struct redis *r = arg;

	redis_link_trust(&r->calls);
	on_changed(r);
}

void redis_watch(struct redis *r, struct redis_watch *w)
{
	w->next = r->watches;
	r->watches = w;
	w->changed(w, r->up);
}

/* ---- answers ---- */

static struct call *take_first(struct redis *r)
{
	struct call *c = r->first;

	if (!c)
		return NULL;
	r->first = c->next;
	if (!r->first)
		r->last = &r->first;
	r->queued -= c->size;
	return c;
}

static void answer(struct call *c, int error, const struct redisReply *reply)
{
	redis_answered_fn *answered = c->answered;
	void *arg = c->arg;

	free(c);
	answered(arg, error, reply);
}

/* What it says of a value is the caller's business. */
static void say_refused(struct redis *r, const struct redisReply *reply)
{
	int error = redis_reply_error(reply);
	unsigned missed;

	if (error && error != EDOM && error != ERANGE && seldom_may(&r->refused, &missed))
		log_warn("redis %s refuses a call: %s", r->calls.server->name, reply->str);
}

static int on_heard(void *arg, const struct redisReply *reply)
{
	struct call *c = take_first(arg);

	if (!c)
		return -1;
	say_refused(arg, reply);
	answer(c, 0, reply);
	return 0;
}

static void answer_all(struct redis *r, int error)
{
	struct call *c;

	ev_timer_stop(r->calls.loop, &r->due);
	while ((c = take_first(r)) != NULL)
		answer(c, error, NULL);
}

static void on_lost(void *arg, int error)
{
	answer_all(arg, error);
	on_changed(arg);
}

/* ---- deadlines ---- */

static void await_first(struct redis *r)
{
	if (!r->first || ev_is_active(&r->due))
		return;
	double left = r->first->due - clock_seconds();
	ev_now_update(r->calls.loop);
	ev_timer_set(&r->due, left > 0. ? left : 0., 0.);
	ev_timer_start(r->calls.loop, &r->due);
}

static bool is_late(const struct redis *r)
{
	return r->first && r->first->due <= clock_seconds();
}

/* A handler may have blocked us, and the answers lie there. */
static void on_due(struct ev_loop *loop, ev_timer *t, int events)
{
	struct redis *r = t->data;

	(void)loop;
	(void)events;
	while (is_late(r) && r->calls.state == REDIS_UP)
		if (redis_link_read(&r->calls) <= 0)
			break;
	if (is_late(r))
		redis_link_fail(&r->calls, ETIMEDOUT, "it does not answer in time");
	else
		await_first(r);
}

/* ---- asking ---- */

int redis_call(struct redis *r, const struct redis_word *words, int count,
	redis_answered_fn *answered, void *arg)
{
	size_t size = sizeof(struct call) + redis_wire_size(words, count);

	if (r->queued + size > r->queue) {
		errno = ENOBUFS;
		return -1;
	}
	struct call *c = malloc(sizeof(*c));
	if (!c || redis_link_give(&r->calls, words, count) < 0) {
		free(c);
		return -1;
	}
	*c = (struct call){
		.answered = answered,
		.arg = arg,
		.size = size,
		.due = clock_seconds() + r->calls.server->timeout,
	};
	*r->last = c;
	r->last = &c->next;
	r->queued += size;
	await_first(r);
	return 0;
}

int redis_subscribe(struct redis *r, struct redis_subscription *s)
{
	return redis_ear_subscribe(&r->ear, s);
}

bool redis_is_idle(const struct redis *r)
{
	return !r->first;
}

/* ---- the whole ---- */

struct redis *redis_open(const struct redis_server *server, size_t queue, struct ev_loop *loop)
{
	static const struct redis_link_owner owner = { on_up, on_heard, on_lost };
	struct redis *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->queue = queue;
	r->last = &r->first;
	ev_timer_init(&r->due, on_due, 0., 0.);
	r->due.data = r;
	redis_link_init(&r->calls, server, loop, &owner, r, "for calls");
	redis_ear_init(&r->ear, server, loop, on_changed, r);
	redis_link_begin(&r->calls);
	return r;
}

void redis_close(struct redis *r)
{
	if (!r)
		return;
	redis_ear_fini(&r->ear);
	redis_link_fini(&r->calls);
	answer_all(r, ECANCELED);
	free(r);
}
