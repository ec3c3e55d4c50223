/* SPDX-License-Identifier: MIT */
/*
 * events.h - /events: how the server is, told once a second (server-sent events).
 *
 *	GET /events ──> events_page()        nothing is sent but the head
 *	every second    status_want() ──> master ──> one text for all who listen
 *	happened        what the chronicle has that this listener has not, an event each
 *	status          the status without its events, and what the page's histogram needs
 *
 * An event's id is when it was, in milliseconds since 1970, by the master's clock: it means
 * the same at any worker, after a crash, a reload, an upgrade and a restart.
 */
#ifndef PORTICO_ADMIN_EVENTS_H
#define PORTICO_ADMIN_EVENTS_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "admin/status.h"

struct admin;
struct portico_request;

enum { EVENTS_LISTENERS = 16 };  /* of a worker; one more is told 503 */

struct listener {                /* in a request's state; zeroed before events_page() */
	struct portico_request *request;
	struct listener        *next;
	uint64_t                seen;     /* id of the last that it was told */
	double                  behind;   /* since when it has not read what it got; 0: it has */
	bool                    listens;
};

struct events {                  /* a worker's; embedded */
	struct status_asker *asker;
	struct ev_loop      *loop;
	ev_timer             second;   /* runs while anybody listens */
	struct status_wish   wish;
	struct listener     *first;
	unsigned             count;
	bool                 ended;
};

void events_init(struct events *e, struct ev_loop *loop, struct status_asker *asker);
void events_fini(struct events *e);

/* As http_request(); l is in r's state. */
int events_page(struct events *e, struct portico_request *r, struct listener *l);

/* r is over. */
void events_forget(struct events *e, struct listener *l);

/* Ends all replies, and each that comes from now on at once: who listens comes back elsewhere. */
void events_end(struct events *e);

#endif
