/* SPDX-License-Identifier: MIT */
/*
 * backing.h - the Redis of this worker, if any of its services is over one.
 */
#ifndef PORTICO_WORKER_BACKING_H
#define PORTICO_WORKER_BACKING_H

#include <ev.h>
#include <stdbool.h>

#include "config/config.h"
#include "config/problem.h"
#include "net/redis_link.h"

enum { BACKING_PASSWORD = 512 };

struct backing {                 /* all zero: there is none */
	struct redis_server server;
	struct redis       *redis;       /* NULL: none is needed */
	char                password[BACKING_PASSWORD + 1];
};

/* Before privileges are dropped: the password.  -1 with a problem told. */
int  backing_load(struct backing *b, const struct config *c, struct problems *problems);

/* Connects, in the loop; whether Redis is there does not matter.  -1 and ENOMEM. */
int  backing_open(struct backing *b, const struct config *c, struct ev_loop *loop);
bool backing_is_idle(const struct backing *b);
void backing_close(struct backing *b);   /* the handlers have stopped */

#endif
