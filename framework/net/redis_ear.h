/* SPDX-License-Identifier: MIT */
/*
 * redis_ear.h - what a worker hears over Redis: a connection for channels alone.
 *
 * It subscribes again whenever the connection comes back.  What was said meanwhile is lost, and
 * nobody knows how much that was: each subscriber is told that there was a gap.  A Redis that
 * says nothing may be dead, so it is asked now and then whether it lives.
 */
#ifndef PORTICO_NET_REDIS_EAR_H
#define PORTICO_NET_REDIS_EAR_H

#include "net/redis_link.h"

struct redis_subscription {      /* embed it; it is the ear's until redis_ear_fini() */
	const char *channel;
	/* Borrowed, with a NUL behind; NULL: something was missed. */
	void      (*hear)(struct redis_subscription *s, const void *data, size_t len);
	struct redis_subscription *next;
};

struct redis_ear {
	struct redis_link          link;
	struct redis_subscription *subscriptions;
	unsigned                   unconfirmed;  /* of them, since the connection is up */
	bool                       open;         /* all of them were confirmed */
	bool                       heard;        /* something, since the last beat */
	bool                       asked;        /* whether it lives, at the last beat */
	ev_timer                   beat;
	void                     (*changed)(void *arg);  /* what the two below say */
	void                      *arg;
};

/* Does not connect before the first subscription. */
void redis_ear_init(struct redis_ear *e, const struct redis_server *server, struct ev_loop *loop,
	void (*changed)(void *arg), void *arg);
void redis_ear_fini(struct redis_ear *e);
int  redis_ear_subscribe(struct redis_ear *e, struct redis_subscription *s);     /* -1 and ENOMEM */

/* All that is said from now on will be heard; true without a subscription. */
bool redis_ear_is_open(const struct redis_ear *e);
/* It will be soon, for all that we know. */
bool redis_ear_is_opening(const struct redis_ear *e);

#endif
