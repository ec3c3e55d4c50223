/* SPDX-License-Identifier: MIT */
/*
 * listen.h - accept in bounded batches, and pace when descriptors run out.
 */
#ifndef PORTICO_NET_LISTEN_H
#define PORTICO_NET_LISTEN_H

#include <ev.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/seldom.h"
#include "sys/addr.h"

struct counts;

/* Seconds: no rest is longer. */
#define LISTEN_REST 1.0

struct listener {
	ev_io           io;
	ev_timer        retry;   /* runs while accepting rests */
	struct ev_loop *loop;
	double          rest;    /* seconds of the last rest, 0: none lately */
	struct seldom   told;    /* that it rests */
	/* A new connection; fd is the callee's own. */
	void          (*accepted)(struct listener *, int fd, const struct addr *peer);
	bool            resting; /* it could not accept, and has not since */
	struct counts  *counts;  /* of its service; NULL: nobody counts */
	_Atomic uint32_t *resters; /* how many rest, of those that one thread has; NULL: likewise */
	void           *owner;
};

/* fd listens, is non-blocking and is borrowed until listener_stop(). */
void listener_start(struct listener *l, struct ev_loop *loop, int fd);
void listener_stop(struct listener *l);       /* twice is fine */

/* Accepts what waits in the queue now; for the end of a service. */
void listener_empty(struct listener *l);

#endif
