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
};

void channels_init(struct channels *c, struct bus *bus, struct ev_loop *loop);
void channels_over_redis(struct channels *c, struct redis *redis, const char *prefix);
void channels_fini(struct channels *c);  /* its handlers have stopped, and Redis is closed */

/* h has stopped: it hears nothing more. */
void channels_forget(struct portico_service *h);

#endif
