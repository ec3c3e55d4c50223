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

struct generation;
struct trial;

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
	bool               reload_again; /* asked for while one was under way */
	bool               stopping;
	int                log;          /* descriptor, or -1: standard error */
	int                exit_code;
};

/* Serves the configuration in file until it is told to stop.  Gives the exit code. */
int master_run(const char *file);

/* For the parts, when something ended: leaves the loop once nothing is left. */
void master_rest(struct master *m);

/* Ends the service: what is in hand is finished within seconds (0: no limit). */
void master_stop(struct master *m, double seconds);

#endif
