/* SPDX-License-Identifier: MIT */
/*
 * channels.h - what the handlers of a service hear from its workers.
 *
 * Part of its service.  Nothing is listened to before a handler subscribes.
 */
#ifndef PORTICO_PROTO_CHANNELS_H
#define PORTICO_PROTO_CHANNELS_H

#include <ev.h>

#include "sys/bus.h"

struct portico_service;
struct redis;
struct remote;

/* How far a worker has heard, for another one. */
struct channels_mark {
	uint64_t         bus;                /* whose; 0: it listens to none */
	struct bus_place place;
};

struct channels {
	struct bus             *bus;         /* borrowed; NULL: there are none, or over Redis: */
	struct redis           *redis;       /* likewise */
	const char             *prefix;      /* of channels there, borrowed */
	struct remote          *remotes;     /* channels there */
	struct ev_loop         *loop;
	struct portico_service *subscribers; /* handlers that ever did, by their next_subscriber */
	struct bus_message     *message;     /* room for one; NULL: nobody listens */
	struct bus_place        place;
	ev_io                   heard;
	ev_timer                more;        /* the next turn goes on */
	const struct channels_mark *since;   /* within tcp_import(), ws_import(): of the other worker */
};

void channels_init(struct channels *c, struct bus *bus, struct ev_loop *loop);
void channels_over_redis(struct channels *c, struct redis *redis, const char *prefix);
void channels_fini(struct channels *c);  /* its handlers have stopped, and Redis is closed */

struct channels_mark channels_mark(const struct channels *c);

/* A connection comes from a worker that has heard so far: this one hears as much, if it has not.
 * Until channels_came() handlers may ask for what that one has not; m is borrowed until then. */
void channels_come(struct channels *c, const struct channels_mark *m);
void channels_came(struct channels *c);

/* h has stopped: it hears nothing more. */
void channels_forget(struct portico_service *h);

#endif
