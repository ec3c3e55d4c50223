/* SPDX-License-Identifier: MIT */
/*
 * redis_link.h - one connection to a Redis, which comes back by itself.
 *
 *	AWAY --some time--> CONNECTING -> GREETING (AUTH, PING) -> UP
 *	 ^                      |             |                     |
 *	 +----------------------+-------------+---------------------+  whatever goes wrong
 *
 * What is given to it while it connects is sent when it is up, in that order; what it was given is
 * lost with the connection.  The log says once that it is away, and once that it is back.
 *
 * hiredis' own connection (async.h) is not used: it ends the process by assert() when an answer
 * comes that nobody asked for.  Its reader and its writer of commands are.
 */
#ifndef PORTICO_NET_REDIS_LINK_H
#define PORTICO_NET_REDIS_LINK_H

#include <ev.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/seldom.h"
#include "net/redis_wire.h"

struct redisReader;
struct redisReply;

enum redis_state { REDIS_AWAY, REDIS_CONNECTING, REDIS_GREETING, REDIS_UP };

/* What its owner is told, from the loop. */
struct redis_link_owner {
	void (*up)(void *owner);
	/* A reply, borrowed.  -1: it makes no sense, and the connection is closed with EPROTO. */
	int  (*heard)(void *owner, const struct redisReply *reply);
	/* Nothing that was given is answered any more; error says why. */
	void (*lost)(void *owner, int error);
};

struct redis_link {              /* embed it */
	const struct redis_server     *server;
	const struct redis_link_owner *owner;
	void               *arg;
	const char         *purpose;     /* for the log: "for messages" */
	struct ev_loop     *loop;
	enum redis_state    state;
	ev_io               io;
	ev_timer            timer;       /* AWAY: try again; CONNECTING, GREETING: it takes too long */
	ev_prepare          flush;       /* is fed when there is something to send */
	struct buf          out;
	struct redisReader *reader;
	unsigned            greetings;   /* answers to come before it is up */
	unsigned            failures;    /* since it was trusted */
	bool                held;        /* nothing is sent but greetings */
	bool                told;        /* the log says that it is away */
	struct seldom       seldom;
};

void redis_link_init(struct redis_link *l, const struct redis_server *server, struct ev_loop *loop,
	const struct redis_link_owner *owner, void *arg, const char *purpose);
void redis_link_fini(struct redis_link *l);      /* sends what can be at once; tells nobody */

/* Connects, if nobody asked for that before. */
void redis_link_begin(struct redis_link *l);

/* Sent at the end of this turn, or when it is up.  -1 with ENOTCONN (it was lost and is not up yet) or
 * ENOMEM. */
int redis_link_give(struct redis_link *l, const struct redis_word *words, int count);

void redis_link_hold(struct redis_link *l, bool hold);

/* It is up and its owner may do there what it wants: after a loss the next attempt comes soon.  One that
 * is up and of no use is asked less and less often, like one that is away. */
void redis_link_trust(struct redis_link *l);

/* Whether the first attempt, of which nobody knows yet how it ends, goes on. */
bool redis_link_is_hopeful(const struct redis_link *l);

/* Reads what is there: how much that was, or -1: the connection is lost.  For who has no time to
 * wait for the loop. */
int  redis_link_read(struct redis_link *l);
void redis_link_fail(struct redis_link *l, int error, const char *why);

#endif
