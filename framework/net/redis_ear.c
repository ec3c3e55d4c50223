/* SPDX-License-Identifier: MIT */
/*
 * redis_ear.c - what a worker hears over Redis.
 *
 * Its replies are rows of three: "subscribe", CHANNEL, COUNT and "message", CHANNEL, DATA; and of
 * two, "pong" and "".
 */
#include "net/redis_ear.h"

#include <errno.h>
#include <string.h>

#include "net/redis_reply.h"

#define BEAT 5.                          /* times as long as an answer may take */

static int say(struct redis_ear *e, const char *command, const char *channel)
{
	struct redis_word words[] = { { command, strlen(command) }, { channel, channel ? strlen(channel) : 0 } };

	return redis_link_give(&e->link, words, channel ? 2 : 1);
}

/* ---- hearing ---- */

/* The first from s on: services may have a prefix in common, and so a channel. */
static struct redis_subscription *find(struct redis_subscription *s, const struct redisReply *channel)
{
	while (s && strcmp(s->channel, channel->str) != 0)
		s = s->next;
	return s;
}

static bool is_row(const struct redisReply *r, size_t count, const char *kind)
{
	if (r->type != REDIS_REPLY_ARRAY || r->elements != count)
		return false;
	for (size_t i = 0; i < count - 1; i++)
		if (r->element[i]->type != REDIS_REPLY_STRING)
			return false;
	return strcmp(r->element[0]->str, kind) == 0;
}

static int confirmed(struct redis_ear *e)
{
	if (e->unconfirmed == 0)
		return -1;
	if (--e->unconfirmed > 0)
		return 0;
	e->open = true;
	redis_link_trust(&e->link);
	e->changed(e->arg);
	return 0;
}

static int on_heard(void *arg, const struct redisReply *r)
{
	struct redis_ear *e = arg;

	e->heard = true;
	if (is_row(r, 2, "pong"))
		return 0;
	struct redis_subscription *s = is_row(r, 3, "message") || is_row(r, 3, "subscribe")
		? find(e->subscriptions, r->element[1]) : NULL;
	if (!s)
		return -1;
	if (r->element[0]->str[0] == 's')
		return confirmed(e);
	if (r->element[2]->type != REDIS_REPLY_STRING)
		return -1;
	for (; s; s = find(s->next, r->element[1]))
		s->hear(s, r->element[2]->str, r->element[2]->len);
	return 0;
}

/* ---- coming and going ---- */

static void on_up(void *arg)
{
	struct redis_ear *e = arg;

	e->heard = true;
	e->asked = false;
	e->unconfirmed = 0;
	ev_timer_again(e->link.loop, &e->beat);
	for (struct redis_subscription *s = e->subscriptions; s; s = s->next) {
		if (say(e, "SUBSCRIBE", s->channel) < 0) {
			redis_link_fail(&e->link, errno, strerror(errno));
			return;
		}
		e->unconfirmed++;
	}
	e->changed(e->arg);
}

static void on_lost(void *arg, int error)
{
	struct redis_ear *e = arg;
	bool gap = e->open;

	(void)error;
	ev_timer_stop(e->link.loop, &e->beat);
	e->unconfirmed = 0;
	e->open = false;
	for (struct redis_subscription *s = e->subscriptions; s && gap; s = s->next)
		s->hear(s, NULL, 0);
	e->changed(e->arg);
}

static void on_beat(struct ev_loop *loop, ev_timer *t, int events)
{
	struct redis_ear *e = t->data;

	(void)loop;
	(void)events;
	/* After a handler that blocked us its answer may lie there. */
	while (e->asked && !e->heard)
		if (redis_link_read(&e->link) <= 0)
			break;
	if (e->link.state != REDIS_UP)
		return;
	if (e->asked && !e->heard) {
		redis_link_fail(&e->link, ETIMEDOUT, strerror(ETIMEDOUT));
		return;
	}
	e->asked = !e->heard && say(e, "PING", NULL) == 0;
	e->heard = false;
}

/* ---- the whole ---- */

void redis_ear_init(struct redis_ear *e, const struct redis_server *server, struct ev_loop *loop,
	void (*changed)(void *arg), void *arg)
{
	static const struct redis_link_owner owner = { on_up, on_heard, on_lost };

	*e = (struct redis_ear){ .changed = changed, .arg = arg };
	redis_link_init(&e->link, server, loop, &owner, e, "for messages");
	ev_timer_init(&e->beat, on_beat, 0., BEAT * server->timeout);
	e->beat.data = e;
}

void redis_ear_fini(struct redis_ear *e)
{
	ev_timer_stop(e->link.loop, &e->beat);
	redis_link_fini(&e->link);
	e->subscriptions = NULL;
}

int redis_ear_subscribe(struct redis_ear *e, struct redis_subscription *s)
{
	if (e->link.state == REDIS_UP) {
		if (say(e, "SUBSCRIBE", s->channel) < 0)
			return -1;
		e->unconfirmed++;
	}
	s->next = e->subscriptions;
	e->subscriptions = s;
	redis_link_begin(&e->link);
	e->changed(e->arg);
	return 0;
}

bool redis_ear_is_open(const struct redis_ear *e)
{
	return !e->subscriptions || (e->link.state == REDIS_UP && e->unconfirmed == 0);
}

bool redis_ear_is_opening(const struct redis_ear *e)
{
	return e->subscriptions && (redis_link_is_hopeful(&e->link)
		|| (e->link.state == REDIS_UP && e->unconfirmed > 0));
}
