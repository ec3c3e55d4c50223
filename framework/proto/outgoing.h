/* SPDX-License-Identifier: MIT */
/*
 * outgoing.h - connections of handlers to other servers (portico_connect() in portico.h).
 *
 *	DUE --dial--> DIALLING --there--> OPEN --closed--> gone
 *	  \-- one of the pool ----------/    \--keep--> its connection is in the pool, it is gone
 *
 * The worker owns one struct outgoing for all its handlers.  What has to be told, or done, from the
 * loop is in its list of those who are due: that is gone through once a turn, before the streams
 * are settled.
 */
#ifndef PORTICO_PROTO_OUTGOING_H
#define PORTICO_PROTO_OUTGOING_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/dial.h"
#include "net/names.h"
#include "net/stream.h"
#include "portico.h"
#include "proto/conn.h"

struct outgoing_conn;

struct outgoing {                        /* all zero: nobody may connect */
	struct hub           *hub;
	struct names          names;
	struct outgoing_conn *first;     /* all */
	struct outgoing_conn *due, *last_due;
	size_t                count;
	bool                  draining;  /* none is kept any more */
	bool                  over;      /* nor made */
	struct portico_upstream *upstreams;
	ev_prepare            turn;
	ev_idle               awake;     /* active: somebody is due */
};

enum outgoing_failure {
	OUTGOING_NAME, OUTGOING_REFUSED, OUTGOING_TIMEOUT, OUTGOING_TLS, OUTGOING_OTHER
};

struct portico_upstream {
	struct stream_kind        kind;  /* first: it is how a stream knows where it goes */
	struct dial_to            to;
	struct portico_target     calls; /* its callbacks; the rest is read */
	struct portico_service   *handler;
	struct portico_upstream  *next;  /* of the handler's */
	struct portico_upstream  *next_of_all, **back;   /* of the worker's */
	struct deadline_queue     pool;  /* of struct outgoing_spare, the latest last */
	size_t                    pooled, pool_max;
	struct portico_counter   *connects, *reused;
	struct portico_gauge     *in_use, *in_pool;
};

enum outgoing_state { OUTGOING_DUE, OUTGOING_DIALLING, OUTGOING_OPEN };

struct outgoing_conn {
	struct portico_conn      conn;   /* first: what the handler knows */
	struct portico_upstream *up;
	struct outgoing         *all;
	struct outgoing_conn    *next, **back;
	struct outgoing_conn    *next_due;
	struct dial              dial;
	enum outgoing_state      state;
	int                      error;  /* of closed() */
	bool                     fresh : 1;      /* not one of the pool */
	bool                     reused : 1;
	bool                     heard : 1;      /* a byte of it */
	bool                     closing : 1;    /* the handler wants no more of it */
	bool                     keeping : 1;    /* but somebody may */
	bool                     is_due : 1;
	bool                     gone : 1;       /* its stream is: closed() is all that is left */
};

extern const struct stream_ops outgoing_ops;

/* Whether it is one of ours: what a handler may ask of any connection is then asked here. */
static inline struct outgoing_conn *outgoing_of(const struct portico_conn *c)
{
	return c->stream.kind->ops == &outgoing_ops ? (struct outgoing_conn *)(uintptr_t)c : NULL;
}

bool outgoing_is_tls(const struct outgoing_conn *o);
bool outgoing_is_open(const struct outgoing_conn *o);    /* it is, or was */
void outgoing_close(struct outgoing_conn *o);
void outgoing_abort(struct outgoing_conn *o);

/* What it is due for; o may be gone after it. */
void outgoing_serve(struct outgoing_conn *o);

/* ---- the worker: outgoing_worker.c ---- */

void outgoing_become_due(struct outgoing_conn *o);       /* twice is fine */

void outgoing_init(struct outgoing *all, struct hub *hub);
bool outgoing_is_done(const struct outgoing *all);       /* none is there */
void outgoing_drain(struct outgoing *all);       /* those that nobody uses are closed; twice is fine */
void outgoing_give_up(struct outgoing *all);     /* the time is up: ECANCELED, closed() follows */
void outgoing_fini(struct outgoing *all);        /* closed() of all but open streams; twice is fine */

/* ---- a handler's upstreams ---- */

void outgoing_count_failure(struct portico_upstream *up, enum outgoing_failure why);
void outgoing_forget(struct portico_service *h);         /* after its stop() */

/* ---- the pool: outgoing_pool.c ---- */

void outgoing_pool_init(struct portico_upstream *up, double span);
void outgoing_pool_empty(struct portico_upstream *up);
/* fd and tls become the pool's, which may close them at once.  peer is who is at the other end. */
void outgoing_pool_put(struct portico_upstream *up, int fd, struct tls *tls, const struct addr *peer);
/* One that is still good; false: there is none. */
bool outgoing_pool_take(struct portico_upstream *up, int *fd, struct tls **tls, struct addr *peer);

#endif
