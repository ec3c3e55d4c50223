/* SPDX-License-Identifier: MIT */
/*
 * estate.h - what the handlers of a worker know goes to the worker that comes after it.
 *
 *	old   stops taking clients -> asks its handlers -> MESSAGE_EXPORTED each, and one at the end
 *	new   waits -> gives them to its handlers -> serves
 *
 * The master passes the descriptors on and never looks at what is in them.
 */
#ifndef PORTICO_WORKER_ESTATE_H
#define PORTICO_WORKER_ESTATE_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "service/service.h"

struct message;
struct worker_birth;

struct estate {
	const struct worker_birth *birth;
	struct ev_loop            *loop;
	struct service           **services;
	size_t                     count;
	ev_timer                   patience;
	bool                       waits;     /* anything may come */
	double                     seconds;   /* of it */
	void                     (*settled)(void *arg);
	void                      *arg;
};

/* What their handlers can do: enum message_estate. */
uint32_t estate_can(const struct config *c, struct service **services, size_t count);

/* settled(arg) is called once after each estate_await(). */
void estate_init(struct estate *e, const struct worker_birth *birth, struct ev_loop *loop,
	struct service **services, size_t count, void (*settled)(void *arg), void *arg);
void estate_fini(struct estate *e);

/* ---- the side that takes ---- */

void estate_await(struct estate *e, double seconds);
/* MESSAGE_EXPORTED; fd becomes its own. */
void estate_take(struct estate *e, const struct message *m, int fd);
/* Waits no longer, if it did, and the log says why. */
void estate_settle(struct estate *e, const char *why);

/* ---- the side that gives ---- */

/* No new clients come: all that the handlers export, now. */
void estate_leave(struct estate *e);

#endif
