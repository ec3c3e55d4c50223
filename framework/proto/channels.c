/* SPDX-License-Identifier: MIT */
/*
 * channels.c - what the handlers of a service hear from its workers.
 *
 * A turn of the loop delivers BATCH messages at most, so that clients get theirs.
 */
#include "proto/channels.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/redis.h"
#include "net/redis_reply.h"
#include "proto/handler.h"

enum {
	BATCH = 64,
	REMOTE = 64 + BUS_CHANNEL,       /* of a channel's name with a prefix */
};

struct subscription {
	struct subscription *next;
	void               (*hear)(struct portico_service *, const char *channel, const void *data,
		size_t len);                     /* NULL: no more */
	char                 channel[BUS_CHANNEL + 1];
};

/* ---- hearing ---- */

static struct subscription *find(const struct portico_service *h, const char *channel)
{
	struct subscription *s = h->subscriptions;

	while (s && strcmp(s->channel, channel) != 0)
		s = s->next;
	return s;
}

static void deliver(struct portico_service *h, const char *channel, const void *data, size_t len)
{
	const struct subscription *s = find(h, channel);

	if (!s || !s->hear)
		return;
	handler_enter(h, PULSE_MESSAGE);
	s->hear(h, channel, data, len);
	handler_leave(h);
}

static void deliver_to_all(struct channels *c, uint64_t missed)
{
	for (struct portico_service *h = c->subscribers; h; h = h->next_subscriber) {
		if (missed > 0)
			portico_counter_add(h->missed, missed);
		deliver(h, c->message->channel, c->message->data, c->message->len);
	}
}

static void listen_on(struct channels *c)
{
	for (unsigned i = 0; i < BATCH; i++) {
		uint64_t missed = 0;
		if (!bus_hear(c->bus, &c->place, c->message, &missed))
			return;
		deliver_to_all(c, missed);
	}
	ev_timer_set(&c->more, 0., 0.);
	ev_timer_start(c->loop, &c->more);
}

static void on_heard(struct ev_loop *loop, ev_io *io, int events)
{
	struct channels *c = io->data;

	(void)loop;
	(void)events;
	bus_ear_clear(io->fd);
	if (!ev_is_active(&c->more))
		listen_on(c);
}

static void on_more(struct ev_loop *loop, ev_timer *t, int events)
{
	(void)loop;
	(void)events;
	listen_on(t->data);
}

/* ---- over Redis ---- */

struct remote {                  /* a channel there, that a handler has subscribed to */
	struct redis_subscription subscription;
	struct channels          *channels;
	struct remote            *next;
	char                      name[REMOTE + 1];
};

_Static_assert(offsetof(struct remote, subscription) == 0, "subscription comes first");

static void on_remote(struct redis_subscription *s, const void *data, size_t len)
{
	const struct remote *r = (struct remote *)s;
	const char *channel = r->name + strlen(r->channels->prefix);

	for (struct portico_service *h = r->channels->subscribers; h; h = h->next_subscriber)
		if (data && len <= BUS_DATA)
			deliver(h, channel, data, len);
		else if (find(h, channel))
			portico_counter_add(h->missed, 1);
}

static bool is_heard(const struct channels *c, const char *name)
{
	const struct remote *r = c->remotes;

	while (r && strcmp(r->name, name) != 0)
		r = r->next;
	return r != NULL;
}

static void name_there(const struct channels *c, const char *channel, char name[REMOTE + 1])
{
	snprintf(name, REMOTE + 1, "%s%s", c->prefix, channel);
}

static int hear_there(struct channels *c, const char *channel)
{
	char name[REMOTE + 1];

	name_there(c, channel, name);
	if (is_heard(c, name))
		return 0;
	struct remote *r = calloc(1, sizeof(*r));
	if (!r)
		return -1;
	memcpy(r->name, name, sizeof(name));
	r->channels = c;
	r->subscription = (struct redis_subscription){ .channel = r->name, .hear = on_remote };
	if (redis_subscribe(c->redis, &r->subscription) < 0) {
		free(r);
		return -1;
	}
	r->next = c->remotes;
	c->remotes = r;
	return 0;
}

static void on_said(void *arg, int error, const struct redisReply *reply)
{
	struct portico_service *h = arg;

	if (error || reply->type != REDIS_REPLY_INTEGER)
		portico_counter_add(h->redis_errors, 1);
}

static int say_there(struct portico_service *h, const char *channel, const void *data, size_t len)
{
	size_t channel_len = strlen(channel);
	char name[REMOTE + 1];

	if (channel_len == 0 || channel_len > BUS_CHANNEL || len > BUS_DATA) {
		errno = channel_len == 0 ? EINVAL : EMSGSIZE;
		return -1;
	}
	name_there(h->channels, channel, name);
	const struct redis_word words[] = { { "PUBLISH", 7 }, { name, strlen(name) }, { data, len } };
	if (redis_call(h->channels->redis, words, 3, on_said, h) == 0)
		return 0;
	portico_counter_add(h->redis_errors, 1);
	return -1;
}

/* ---- connections that come from another worker ---- */

struct channels_mark channels_mark(const struct channels *c)
{
	if (!c->message)
		return (struct channels_mark){0};
	return (struct channels_mark){ .bus = bus_identity(c->bus), .place = c->place };
}

/* All that the other has heard is in the ring for us, too. */
void channels_come(struct channels *c, const struct channels_mark *m)
{
	uint64_t missed = 0;

	c->since = m;
	if (!c->message || m->bus != bus_identity(c->bus))
		return;
	while (c->place.number < m->place.number
		&& bus_hear(c->bus, &c->place, c->message, &missed)) {
		deliver_to_all(c, missed);
		missed = 0;
	}
}

void channels_came(struct channels *c)
{
	c->since = NULL;
}

typedef void heard_fn(void *arg, const void *data, size_t len);

static int repeat(const struct channels *c, const char *channel, struct bus_message *m, heard_fn *hear,
	void *arg)
{
	struct bus_place place = c->since->place;
	uint64_t missed = 0;

	while (place.number < c->place.number) {
		if (!bus_hear(c->bus, &place, m, &missed) || missed > 0) {
			errno = ENODATA;
			return -1;
		}
		if (strcmp(m->channel, channel) == 0)
			hear(arg, m->data, m->len);
	}
	return 0;
}

int portico_import_heard(struct portico_service *h, const char *channel, heard_fn *hear, void *arg)
{
	const struct channels *c = h->channels;

	if (!c || !c->bus || !c->since) {
		errno = c && c->bus ? EPERM : EOPNOTSUPP;
		return -1;
	}
	if (!c->message)
		return 0;        /* it has heard nothing */
	if (c->since->bus != bus_identity(c->bus)) {
		errno = ENODATA;
		return -1;
	}
	struct bus_message *m = malloc(sizeof(*m));
	int result = m ? repeat(c, channel, m, hear, arg) : -1;
	free(m);
	return result;
}

/* ---- the first and the last who listens ---- */

static int begin(struct channels *c)
{
	struct bus_message *message = malloc(sizeof(*message));
	int ear = message ? bus_ear(c->bus) : -1;

	if (ear < 0) {
		free(message);
		return -1;
	}
	c->message = message;
	bus_join(c->bus, &c->place);
	ev_io_init(&c->heard, on_heard, ear, EV_READ);
	ev_timer_init(&c->more, on_more, 0., 0.);
	c->heard.data = c->more.data = c;
	ev_io_start(c->loop, &c->heard);
	return 0;
}

void channels_init(struct channels *c, struct bus *bus, struct ev_loop *loop)
{
	*c = (struct channels){ .bus = bus, .loop = loop };
}

void channels_over_redis(struct channels *c, struct redis *redis, const char *prefix)
{
	c->redis = redis;
	c->prefix = prefix;
}

void channels_fini(struct channels *c)
{
	while (c->remotes) {
		struct remote *r = c->remotes;
		c->remotes = r->next;
		free(r);
	}
	if (!c->message)
		return;
	ev_io_stop(c->loop, &c->heard);
	ev_timer_stop(c->loop, &c->more);
	close(c->heard.fd);
	free(c->message);
	c->message = NULL;
}

/* ---- handlers ---- */

static void enlist(struct portico_service *h)
{
	h->missed = portico_counter(h, "portico_missed_messages", "messages it was too slow to hear");
	h->next_subscriber = h->channels->subscribers;
	h->channels->subscribers = h;
}

static struct subscription *add(struct portico_service *h, const char *channel)
{
	struct subscription *s = calloc(1, sizeof(*s));
	struct channels *c = h->channels;

	if (!s || (c->redis ? hear_there(c, channel) < 0 : !c->message && begin(c) < 0)) {
		free(s);
		return NULL;
	}
	if (!h->subscriptions)
		enlist(h);
	strcpy(s->channel, channel);
	s->next = h->subscriptions;
	h->subscriptions = s;
	return s;
}

static bool has_channels(const struct portico_service *h)
{
	return h->channels && (h->channels->bus || h->channels->redis);
}

/* The one that ends stays in the list, silent: a callback may end its own. */
int portico_subscribe(struct portico_service *h, const char *channel,
	void (*hear)(struct portico_service *, const char *, const void *, size_t))
{
	size_t len = strlen(channel);

	if (len == 0 || len > BUS_CHANNEL || !has_channels(h)) {
		errno = len == 0 ? EINVAL : len > BUS_CHANNEL ? EMSGSIZE : EOPNOTSUPP;
		return -1;
	}
	struct subscription *s = find(h, channel);
	if (!s && hear)
		s = add(h, channel);
	if (s)
		s->hear = hear;
	return s || !hear ? 0 : -1;
}

int portico_publish(struct portico_service *h, const char *channel, const void *data, size_t len)
{
	if (!has_channels(h)) {
		errno = EOPNOTSUPP;
		return -1;
	}
	return h->channels->redis ? say_there(h, channel, data, len)
		: bus_say(h->channels->bus, channel, data, len);
}

void channels_forget(struct portico_service *h)
{
	while (h->subscriptions) {
		struct subscription *s = h->subscriptions;
		h->subscriptions = s->next;
		free(s);
	}
}
