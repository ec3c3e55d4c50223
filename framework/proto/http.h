/* SPDX-License-Identifier: MIT */
/*
 * http.h - the HTTP/1.1 side of one service in this worker.
 */
#ifndef PORTICO_PROTO_HTTP_H
#define PORTICO_PROTO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/stream.h"
#include "proto/http_parse.h"
#include "proto/ws.h"
#include "sys/addr.h"

struct portico_request;
struct portico_service;

struct http_route {
	const char             *prefix;  /* "/", "/api", borrowed */
	struct portico_service *handler;
};

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
};

struct http_site {
	struct stream_kind       kind;
	struct deadline_queue    heads;      /* a head is coming in */
	struct deadline_queue    bodies;     /* a body is coming in, when body_time is set */
	struct deadline_queue    answers;    /* a handler is at work: no deadline */
	struct deadline_queue    farewells;  /* idle while draining */
	struct ws_site           sockets;    /* connections that are WebSockets now */
	struct http_bounds       bounds;
	const struct http_route *routes;     /* the longest prefix first, borrowed */
	size_t                   route_count;
	struct portico_request  *spare;      /* requests to use again */
	unsigned                 spare_count;
	bool                     draining;   /* replies announce the end */
	int64_t                  second;     /* when date was made */
	char                     date[40];   /* "Date: ...\r\n" */
	size_t                   date_len;
};

void http_site_init(struct http_site *site, struct hub *hub, const struct http_bounds *bounds,
	const struct http_route *routes, size_t route_count);
void http_site_fini(struct http_site *site);     /* no connection is left */

/* Where its connections are counted; seat may be NULL.  Before the first of them. */
void http_site_count(struct http_site *site, struct counts *counts, struct shortest_slot *seat);

/* Serves a new connection; fd becomes its own. */
void http_accept(struct http_site *site, int fd, const struct addr *peer);

/* From now on replies say Connection: close, and a connection without a
 * request in hand is closed once it was idle for idle seconds more. */
void http_site_drain(struct http_site *site, double idle);

/* Hands every idle connection to give(arg, fd), which gives 0 if it took it:
 * 0, or -1 as soon as it did not. */
int http_site_hand_on(struct http_site *site, int (*give)(void *arg, int fd), void *arg);

void http_site_abort(struct http_site *site);    /* every connection, now */

#endif
