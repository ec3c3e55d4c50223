/* SPDX-License-Identifier: MIT */
/*
 * parcel.h - a connection that goes on in another worker: what goes with its descriptor.
 *
 * The side that leaves asks the handler (tcp_export(), ws_export()) and gives the parcel away; the
 * floors above carry it; the other side opens it (tcp_import(), ws_import()).
 */
#ifndef PORTICO_PROTO_PARCEL_H
#define PORTICO_PROTO_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/handler.h"
#include "sys/addr.h"

struct stream;

enum { PARCEL_MOST = 4096 };     /* bytes of a handler */

struct parcel {                  /* all borrowed */
	const struct addr            *peer;
	const struct portico_service *handler;   /* that continues it; NULL: HTTP, and nothing is to be known */
	bool                          is_socket; /* a WebSocket */
	const char                   *data;
	size_t                        len;
};

/* Takes the parcel and a copy of fd: 0; -1 if it can take none for now. */
typedef int parcel_give_fn(void *arg, int fd, const struct parcel *p);

struct portico_export {
	struct capsule *capsule;         /* of what a handler knows: state.c; NULL: of a connection */
	double          until;           /* of a capsule, by clock_seconds() */
	char           *bytes;           /* PARCEL_MOST of them */
	size_t          len;
	bool            too_much;
};

/* What the handler's callback, called so, made of e, which is a connection's: whether it can
 * go. If it wrote too much the log says so. */
bool parcel_is_filled(struct portico_service *h, const char *callback, int result,
	const struct portico_export *e);

/* Hands s on, which is at rest, with p, to give(arg): 0, or -1 as that. */
int parcel_send(struct stream *s, const struct parcel *p, parcel_give_fn *give, void *arg);

#endif
