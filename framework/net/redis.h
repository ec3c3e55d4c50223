/* SPDX-License-Identifier: MIT */
/*
 * redis.h - the Redis of a worker: calls, and what is said in channels.
 *
 * Two connections: one for calls, whose answers come in the order of asking, and one for
 * channels.  A call ends in server.timeout, whatever Redis does: by its answer, or when the connection is
 * given up.  While it is known to be away, a call is refused at once.
 *
 * Nothing is called from here when something is given: all comes from the loop.
 */
#ifndef PORTICO_NET_REDIS_H
#define PORTICO_NET_REDIS_H

#include <stdbool.h>
#include <stddef.h>

#include "net/redis_ear.h"
#include "net/redis_link.h"

struct redis;

struct redis_watch {             /* embed it: who wants to know whether Redis is there */
	void              (*changed)(struct redis_watch *w, bool up);
	struct redis_watch *next;
};

/* Connects from the loop's next turn on.  server is borrowed; queue: bytes that may wait for an
 * answer.  NULL and ENOMEM. */
struct redis *redis_open(const struct redis_server *server, size_t queue, struct ev_loop *loop);

/* Sends what can be sent at once.  What is unanswered is answered with ECANCELED.  NULL is fine. */
void redis_close(struct redis *r);

/* error: 0, then reply is borrowed and may be an error of Redis' own; ETIMEDOUT, or EPROTO for nonsense,
 * or why the connection was lost: then Redis may have done it, or not. */
typedef void redis_answered_fn(void *arg, int error, const struct redisReply *reply);

/* The words are copied.  -1 with ENOTCONN (it is away), ENOBUFS (the queue is full) or ENOMEM. */
int redis_call(struct redis *r, const struct redis_word *words, int count,
	redis_answered_fn *answered, void *arg);

/* s and its channel are borrowed until redis_close().  What is called after this is done by Redis
 * when it has subscribed, if it is there at all. */
int redis_subscribe(struct redis *r, struct redis_subscription *s);

/* w->changed() tells it at once and from then on; borrowed. */
void redis_watch(struct redis *r, struct redis_watch *w);

bool redis_is_idle(const struct redis *r);       /* no call waits for its answer */

#endif
