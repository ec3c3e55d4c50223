/* SPDX-License-Identifier: MIT */
/*
 * legacy.h - connections of a worker that leaves go to one that stays.
 *
 * Closing an idle keep-alive connection races with a request that is on its
 * way.  Handing its descriptor on does not: what the client sends meanwhile waits in
 * the socket.  Where the other worker's configuration has other rules for connections (TLS, a PROXY
 * header, no such service) they stay: the next request of each is still answered, and the last.
 * The two workers have a channel of their own for it; each message is the
 * name of a service, the client's address if a PROXY header told it, and a descriptor.
 *
 * A connection of TCP, or a WebSocket, goes with what its handler has to know, if that can
 * continue it; those of which something is in the midst follow as soon as it has ended.
 */
#ifndef PORTICO_WORKER_LEGACY_H
#define PORTICO_WORKER_LEGACY_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/seldom.h"
#include "config/config.h"
#include "service/service.h"
#include "sys/channel.h"

struct heir;

/* The side that gives. */
struct testament {
	struct ev_loop  *loop;
	struct service **services;
	size_t           count;
	ev_io            writable;   /* on the channel to the heir */
	int              heir;       /* -1: nobody */
	const struct heir *incoming; /* who else may still leave us theirs */
	ev_timer         again;      /* for those that could not go yet */
	bool             open;       /* this worker leaves */
	bool             stays[CONFIG_MAX_LISTENS];  /* connections of service number n */
};

/* incoming: what others still leave to this worker goes on to its heir, too. */
void testament_init(struct testament *t, struct ev_loop *loop, struct service **services,
	size_t count, const struct heir *incoming);
/* The channel becomes its own.  stays: as MESSAGE_HEIR has it. */
void testament_name(struct testament *t, int heir, const char stays[MESSAGE_TEXT]);

/* Whether connections of that service have somewhere to go. */
bool testament_names(const struct testament *t, size_t service);

/* Begins to hand on; goes on by itself as the channel takes it. */
void testament_open(struct testament *t);
void testament_fini(struct testament *t);             /* what is left stays here */

/* The side that takes. */
struct inheritance;

struct heir {
	struct ev_loop     *loop;
	struct service    **services;
	size_t              count;
	struct inheritance *from;    /* one for each worker that leaves */
	struct testament   *onward;  /* what comes while we drain goes on */
	bool                held;    /* what comes waits */
	struct seldom       told;    /* that one was closed */
	struct seldom       told_wait;       /* that some wait for a descriptor */
};

void heir_init(struct heir *h, struct ev_loop *loop, struct service **services, size_t count,
	struct testament *onward);
void heir_take(struct heir *h, int channel);          /* becomes its own */
void heir_hold(struct heir *h);                       /* takes no connection until heir_go_on() */
void heir_go_on(struct heir *h);
void heir_fini(struct heir *h);

#endif
