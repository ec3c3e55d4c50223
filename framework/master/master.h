/* SPDX-License-Identifier: MIT */
/*
 * master.h - the master process: what its parts share.
 *
 * The master parses, forks, reaps, steers.  It never loads a plugin and never
 * reads a byte from a client.
 */
#ifndef PORTICO_MASTER_MASTER_H
#define PORTICO_MASTER_MASTER_H

#include <ev.h>
#include <stdbool.h>

#include "master/slot.h"

struct control;
struct generation;
struct operation;
struct trial;
struct upgrade;

struct master {
	const char        *file;         /* the configuration, as named by the operator */
	struct ev_loop    *loop;
	ev_io              signals;      /* a signalfd(2) */
	struct slot_table  table;
	struct generation *generations;  /* the newest first */
	struct generation *serving;      /* the one that new clients go to; NULL at start */
	struct generation *starting;     /* its successor to be */
	unsigned           born;         /* generations so far */
	struct trial      *trial;        /* of a configuration, before it gets workers */
	struct operation  *operation;    /* under way */
	struct operation  *waiting;      /* for their turn, the first next */
	ev_timer           turn;
	ev_timer           retirement;   /* what retires: until its next step */
	bool               retiring;     /* slots or addresses */
	bool               steered;      /* programs keep clients from slots that retire */
	struct control    *control;
	struct upgrade    *upgrade;
	bool               stopping;
	double             started;      /* when; over upgrades */
	unsigned           crashes;      /* workers that died unasked; over upgrades */
	unsigned           upgrades;
	int                log;          /* descriptor: a file, or a duplicate of standard error */
	bool               log_is_file;
	int                exit_code;
};

/* Serves the configuration in file until it is told to stop.  Gives the exit code. */
int master_run(const char *file);

/* For the parts, when something ended: leaves the loop once nothing is left. */
void master_rest(struct master *m);

/* Ends the service: what is in hand is finished within seconds (0: no limit). */
void master_stop(struct master *m, double seconds);

#endif
