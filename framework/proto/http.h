/* SPDX-License-Identifier: MIT */
/*
 * http.h - the HTTP/1.1 side of one service in this worker.
 */
#ifndef PORTICO_PROTO_HTTP_H
#define PORTICO_PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/seldom.h"
#include "base/spares.h"
#include "net/stream.h"
#include "proto/http_access.h"
#include "proto/http_memo.h"
#include "proto/http_parse.h"
#include "proto/http_ready.h"
#include "proto/http_route.h"
#include "proto/limits.h"
#include "proto/parcel.h"
#include "proto/rate.h"
#include "proto/ws.h"
#include "sys/addr.h"

struct portico_request;
struct portico_service;

struct http_bounds {
	struct http_limits head;
	size_t max_body;
	size_t high_water;
	size_t max_queue;
	double idle;             /* seconds; 0: no limit */
	double linger;
	double head_time;
	double body_time;
	size_t ws_max_message;
	double ws_ping;
	double body_rate;        /* bytes a second; 0: no limit */
	double send_rate;        /* likewise, of the replies: stream_kind_pace() */
	double rate_grace;       /* seconds that a client may fall behind the rates */
	uint32_t max_requests;   /* on one connection; 0: no limit */
	size_t max_connections;  /* limits_init() */
	size_t max_per_client;
	const char *server;      /* for the header of that name, borrowed; NULL: none */
};

struct http_site {
	struct stream_kind       kind;
	struct deadline_queue    heads;      /* a head is coming in */
	struct deadline_queue    bodies;     /* a body is coming in, when body_time is set */
	struct deadline_queue    paces;      /* a body is coming in, when body_rate is set: a look */
	struct pace_rule         arriving;   /* at each, by this */
	struct deadline_queue    answers;    /* a handler is at work: no deadline */
	struct deadline_queue    farewells;  /* idle while draining */
	struct ws_site           sockets;    /* connections that are WebSockets now */
	struct http_bounds       bounds;
	struct limits            limits;
	const struct rate       *rate;       /* borrowed; NULL: no limit; set before the first connection */
	unsigned                 declined;   /* connections over them that hear why */
	const struct http_route *routes;     /* as http_route_sort() leaves them, borrowed */
	size_t                   route_count;
	struct http_memos        memos;      /* of what its connections say again */
	struct spares            spares;     /* connections to use again */
	struct seldom            told;       /* that there is no memory for one */
	struct portico_request  *spare;      /* requests to use again */
	unsigned                 spare_count;
	bool                     draining;   /* replies announce the end */
	struct http_ready_set    ready;      /* heads of replies */
	struct http_access       access;     /* zeroed: no log; else set before the first connection */
};

void http_site_init(struct http_site *site, struct hub *hub, const struct http_bounds *bounds,
	const struct http_route *routes, size_t route_count);
void http_site_fini(struct http_site *site);     /* no connection is left */

/* Where its connections are counted; seat may be NULL.  Before the first of them. */
void http_site_count(struct http_site *site, struct counts *counts, struct shortest_slot *seat);

/* Serves a new connection, or tells it why not if it is over a limit; fd becomes its own. */
void http_accept(struct http_site *site, int fd, const struct addr *peer);

/* From now on replies say Connection: close, and a connection without a
 * request in hand is closed once it was idle for idle seconds more. */
void http_site_drain(struct http_site *site, double idle);

/* Hands on every idle connection, and each WebSocket that its handler can continue elsewhere:
 * 0, or -1 as soon as give() took none. */
int http_site_hand_on(struct http_site *site, parcel_give_fn *give, void *arg);

/* Takes over a WebSocket that was handed on, for handler, which has ws_import(); fd becomes its own. */
void http_continue(struct http_site *site, int fd, const struct addr *peer,
	struct portico_service *handler, uint32_t version, const void *data, size_t len);

void http_site_abort(struct http_site *site);    /* every connection, now */

#endif
