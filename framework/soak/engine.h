/* SPDX-License-Identifier: MIT */
/*
 * engine.h - what a load in progress consists of.
 *
 * Known to this room alone: soak.c makes it and tells of it, schedule.c starts
 * connections, client.c lives through each, connect.c gives them sockets.
 */
#ifndef PORTICO_SOAK_ENGINE_H
#define PORTICO_SOAK_ENGINE_H

#include <ev.h>

#include "soak/client.h"
#include "soak/soak.h"

enum {
	SOAK_READ = 16 * 1024,
	SOAK_REQUEST = 2048,             /* the longest request */
	SOAK_NAMES = SOAK_REQUEST - 128, /* of which host and path may take this */
};

struct soak {
	struct ev_loop    *loop;
	struct soak_plan   plan;
	void             (*done)(void *arg);
	void              *arg;
	struct client     *clients;      /* max_open of them */
	struct client     *free;
	ev_io              tick;         /* the next start: a timerfd, for ev_timer has milliseconds */
	ev_prepare         rest;         /* looks whether all is over */
	bool               stopping;
	double             begun;
	double             ended;
	uint64_t           scheduled;    /* starts that were due so far */
	double             due;          /* the next one, seconds after begun */
	int64_t            credit[SOAK_TARGETS];   /* whose turn it is */
	unsigned           open;
	unsigned           asking;
	uint32_t           dice;
	unsigned short     chance[3];    /* erand48(3)'s; of a Poisson schedule */
	struct soak_report report;       /* all but .all */
	char               block[SOAK_READ];
};

double soak_now(void);                    /* seconds, CLOCK_MONOTONIC */

/* The clock of the starts.  -1 and errno. */
int  schedule_open(struct soak *s);
void schedule_close(struct soak *s);
/* The first start is due now. */
void schedule_start(struct soak *s);
void schedule_stop(struct soak *s);

#endif
