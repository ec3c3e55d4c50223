/* SPDX-License-Identifier: MIT */
/*
 * soak.h - an open-loop load that sorts what is lost by its kind.
 *
 * A connection is started when the schedule says so, whether or not earlier
 * ones were answered: a server that stalls is not spared while it does.  Its
 * time runs from there, too: what this program was late is waited for as well.
 * Every request ends as answered or as exactly one kind of loss.
 *
 *	struct soak *s = soak_create(loop, &plan, on_done, arg);
 *	soak_start(s);  ev_run(loop, 0);  soak_get_report(s, &report);  soak_destroy(s);
 */
#ifndef PORTICO_SOAK_SOAK_H
#define PORTICO_SOAK_SOAK_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/latency.h"
#include "sys/addr.h"

enum { SOAK_TARGETS = 8, SOAK_MAX_OPEN = 8192, SOAK_LINE = 640 };

#define SOAK_TIMEOUT 5.0         /* seconds */
#define SOAK_LATE 0.010          /* a start this much after its time is counted as late */

enum soak_protocol {
	SOAK_HTTP,               /* GET; whole with a status of 200 */
	SOAK_TCP,                /* a line of its own; whole when it came back */
};

/* All strings are borrowed until soak_destroy(). */
struct soak_target {
	const char        *name;       /* the column of the report */
	struct addr        to;
	enum soak_protocol protocol;
	unsigned           share;      /* of the new connections, beside the others'; 0: 1 */
	unsigned           requests;   /* of one connection; 0: 1 */
	double             pause_min;  /* seconds from an answer to the next request of */
	double             pause_max;  /* the connection; at random between the two */
	const char        *host;       /* HTTP; NULL: "localhost" */
	const char        *path;       /* HTTP; NULL: "/" */
	const char        *body;       /* HTTP: what has to come; NULL: anything */
};

struct soak_plan {
	struct soak_target targets[SOAK_TARGETS];
	size_t             target_count;
	double             rate;       /* new connections per second, of all targets together */
	bool               poisson;    /* starts at random with that mean, each to a target at
					* random by share; else evenly */
	unsigned           seed;       /* the same one, the same schedule */
	double             seconds;    /* 0: until total, or soak_stop() */
	uint64_t           total;      /* connections; 0: until seconds, or soak_stop() */
	double             timeout;    /* connect to answer, request to answer, answer to
					* close; 0: SOAK_TIMEOUT */
	unsigned           max_open;   /* 0: SOAK_MAX_OPEN */
	struct addr        source;     /* the first IPv4 address to connect from, and how */
	unsigned           sources;    /* many that follow it; 0: 127.0.1.1 and 15 more to a
					* target on 127.0.0.0/8, else as the kernel chooses */
};

enum soak_count {
	SOAK_STARTED,            /* connections */
	SOAK_REQUESTS,           /* sent */
	SOAK_ANSWERED,           /* whole and right */

	SOAK_REFUSED,            /* nobody listens */
	SOAK_RESET,              /* ended without a byte of the first answer */
	SOAK_TIMED_OUT,          /* no connection, or no whole answer, in time */
	SOAK_TRUNCATED,          /* ended after a part of the answer */
	SOAK_WRONG,              /* another status, another body, too many bytes */
	SOAK_CUT,                /* ended under a later request of a kept connection */

	SOAK_RESET_AFTER,        /* reset after a whole answer: no loss, but rude */
	SOAK_CLOSED_IDLE,        /* a kept connection ended with no request under way: fine */
	SOAK_LEFT_OPEN,          /* not ended by the server though it should: told apart */
	SOAK_LOCAL,              /* our own fault, no port or descriptor: never the server's */
	SOAK_COUNTS,
};

struct soak_tally {
	uint64_t            n[SOAK_COUNTS];
	struct latency      latency;   /* connect to first answer */
};

struct soak_report {
	struct soak_tally targets[SOAK_TARGETS];
	const char       *names[SOAK_TARGETS];   /* borrowed from the plan */
	size_t            target_count;
	struct soak_tally all;
	uint64_t          late;        /* starts later than SOAK_LATE: a slow generator */
	double            latest;      /* the worst of them, seconds */
	uint64_t          held_back;   /* not started, max_open were open */
	unsigned          most_open;
	double            seconds;
};

struct soak;

/* Copies the plan.  done(arg) is called once, from the loop, when nothing is
 * scheduled and nothing open any more.  NULL and errno: EINVAL for a plan
 * without target or rate or with a path of kilobytes, ENOMEM. */
struct soak *soak_create(struct ev_loop *loop, const struct soak_plan *plan,
	void (*done)(void *arg), void *arg);
void soak_start(struct soak *s);
void soak_stop(struct soak *s);        /* no new connection, no new request; twice is fine */
void soak_destroy(struct soak *s);     /* closes what is open, without counting it */

/* Any time. */
void soak_get_report(const struct soak *s, struct soak_report *report);
/* Requests that were sent and are not answered. */
unsigned soak_pending(const struct soak *s);
uint64_t soak_requests(const struct soak *s);     /* sent so far */

/* The whole, on a loop of its own, for a plan with an end.  -1 and errno. */
int soak_run(const struct soak_plan *plan, struct soak_report *report);

uint64_t soak_lost(const struct soak_tally *t);
/* Whether the load was what was asked for: next to nothing late, held back or
 * failed on our side.  A report that is not says nothing about a server. */
bool soak_is_sound(const struct soak_report *r);

void soak_print(const struct soak_report *r, FILE *out);
/* "started=1 requests=1 answered=1 lost=0 refused=0 ...": names and order stay;
 * new ones come at the end.  Gives out. */
const char *soak_line(const struct soak_report *r, char out[SOAK_LINE]);

#endif
