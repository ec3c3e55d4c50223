/* SPDX-License-Identifier: MIT */
/*
 * conn.h - a TCP connection between a stream and a plugin's tcp_*() callbacks.
 */
#ifndef PORTICO_PROTO_CONN_H
#define PORTICO_PROTO_CONN_H

#include <stddef.h>
#include <stdint.h>

#include "base/seldom.h"
#include "base/spares.h"
#include "net/stream.h"
#include "proto/limits.h"
#include "proto/parcel.h"
#include "proto/rate.h"
#include "sys/addr.h"

struct portico_service;

/* What a plugin knows as a connection.  The HTTP protocol embeds one too. */
struct portico_conn {
	struct stream           stream;
	struct portico_service *handler; /* http: of the request in hand, or NULL */
	void                   *state;   /* http: NULL */
	uint64_t                client;  /* for limits_leave() */
	struct addr             peer;
	int                     error;   /* tcp: why it was ended as late; 0: it was not */
};

/* The TCP side of one service in this worker. */
struct conn_site {
	struct stream_kind      kind;
	struct limits           limits;
	const struct rate      *rate;    /* borrowed; NULL: no limit */
	struct portico_service *handler;
	struct spares           spares;  /* connections to use again */
	struct seldom           told;    /* that there is no memory for one */
};

struct conn_limits {
	size_t max_input;        /* bytes a handler may leave unused */
	size_t high_water;
	size_t max_queue;
	double idle;             /* seconds */
	double linger;
	double send_rate;        /* stream_kind_pace() */
	double rate_grace;
	size_t max_connections;  /* limits_init() */
	size_t max_per_client;
};

void conn_site_init(struct conn_site *site, struct hub *hub, struct portico_service *handler,
	const struct conn_limits *limits);
void conn_site_fini(struct conn_site *site);          /* no connection is left */
void conn_site_abort(struct conn_site *site);         /* every connection, now */

/* One of this site's, of which the handler knows nothing yet; NULL: it is over a limit, or there is no
 * memory for it, and it was closed.  fd becomes its own. */
struct portico_conn *conn_make(struct conn_site *site, int fd, const struct addr *peer);

/* Hands on each connection that the handler can continue elsewhere and of which nothing is in the
 * midst: 0, or -1 as soon as give() took none. */
int conn_site_hand_on(struct conn_site *site, parcel_give_fn *give, void *arg);

/* Takes over one that was handed on; the handler has tcp_import().  fd becomes its own. */
void conn_continue(struct conn_site *site, int fd, const struct addr *peer, uint32_t version,
	const void *data, size_t len);

/* Serves a new connection, or closes it if it is over a limit or a rate; fd becomes its own. */
void conn_accept(struct conn_site *site, int fd, const struct addr *peer);

#endif
