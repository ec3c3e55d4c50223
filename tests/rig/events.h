/* SPDX-License-Identifier: MIT */
/*
 * events.h - what is done to the server while it is under load, again and again.
 *
 * An event is a command.  It is over when its lines were seen in the log, or
 * when the child that it killed is replaced; then, and not before its time in
 * the row, comes the next.
 *
 * In the command and in the text: {pid} the server, {worker} one of its
 * children at random, {oldest} the one that lives longest, {k} the event's
 * number from 1, {n} that plus 1: the generation that a reload should lead to.
 */
#ifndef RIG_EVENTS_H
#define RIG_EVENTS_H

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

#include "rig/server.h"
#include "soak/soak.h"

enum { EVENTS_TEXT = 1024 };

struct events_plan {
	const char *command;
	const char *wait;        /* a part of a log line; NULL: none is awaited */
	unsigned    wait_lines;  /* so many of them; 0: 1 */
	bool        respawn;     /* await a new child in the place of the one named */
	unsigned    count;
	double      every;       /* seconds from one to the next, at least */
	double      patience;    /* seconds until one counts as failed */
	double      round_trip;
};

enum events_state { EVENTS_RESTING, EVENTS_RUNNING, EVENTS_AWAITING, EVENTS_OVER };

struct events {                          /* memory is the caller's */
	const struct events_plan *plan;
	const struct space       *space;
	struct server            *server;
	struct soak              *soak;
	void                    (*over)(void *arg);
	void                     *arg;

	struct ev_loop *loop;
	enum events_state state;
	unsigned        number;          /* of the event, from 1 */
	unsigned        lines;
	double          begun;
	double          slowest;         /* seconds */
	const char     *failure;         /* NULL: none */
	pid_t           command;         /* 0: it has ended */
	pid_t           victim;
	int             children;        /* before the first event */
	char            wait[EVENTS_TEXT];
	ev_io           death;           /* of the command */
	ev_timer        next;
	ev_timer        late;
	ev_timer        look;            /* at the children: no event tells of a birth */

	ev_timer        landed;          /* a round trip after the event */
	uint64_t        requests;        /* sent before it */
	uint64_t        in_hands;        /* see events.c */
};

void events_start(struct events *e, struct ev_loop *loop, double first);
void events_heard(struct events *e, const char *line);
void events_stop(struct events *e);      /* twice is fine */

#endif
