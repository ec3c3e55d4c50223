/* SPDX-License-Identifier: MIT */
/*
 * proxy.h - the gate in front of a service that is behind proxies: each connection says in a
 * PROXY header who its client is, before anything else, TLS too.
 *
 * It stands between a listener and conn_accept() or http_accept().  No byte behind the header is
 * taken.  Who waits in it has a place of max_connections, is one of the hub's streams and of what
 * is open, and has so long in all.
 */
#ifndef PORTICO_PROTO_PROXY_H
#define PORTICO_PROTO_PROXY_H

#include <stddef.h>

#include "base/seldom.h"
#include "net/deadline.h"
#include "net/stream.h"
#include "proto/limits.h"
#include "sys/network.h"

struct proxy_gate {
	struct stream_kind   *kind;      /* of those who have passed; borrowed, with all here */
	struct limits        *limits;    /* likewise */
	const struct network *from;      /* where proxies are: who is nowhere in it is refused */
	size_t                from_count;
	const char           *service;   /* for the log */

	/* One that has passed, and who its client is; fd is the callee's own. */
	void                (*passed)(void *owner, int fd, const struct addr *client);
	void                 *owner;

	struct deadline_queue waiting;
	struct seldom         strangers; /* from elsewhere */
	struct seldom         failures;  /* of proxies: their lines must not be lost among the others */
};

/* What is above waiting is set by the caller, before or after, but before the first connection. */
void proxy_gate_init(struct proxy_gate *g, struct ev_loop *loop, double seconds);
void proxy_gate_fini(struct proxy_gate *g);      /* nobody waits */
void proxy_gate_abort(struct proxy_gate *g);     /* all who wait, now */

/* fd becomes its own; proxy is the other end of it. */
void proxy_gate_accept(struct proxy_gate *g, int fd, const struct addr *proxy);

#endif
