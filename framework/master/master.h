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

#include "base/log.h"
#include "master/chronicle.h"
#include "master/ledger.h"
#include "master/slot.h"
#include "sys/stranger.h"

struct canary;
struct control;
struct generation;
struct group;
struct service_shares;
struct load;
struct operation;
struct shared;
struct ticket_keys;
struct trial;
struct upgrade;

enum { MASTER_STRANGERS = 16 };  /* as many are shown */

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
	struct group      *groups;       /* what chooses among the sockets of each address */
	struct load       *loads;        /* of services with balance = load */
	ev_timer           renewal;      /* of what they know */
	ev_timer           stall_look;
	double             looked;       /* when stalls were last looked for */
	ev_timer           handouts;     /* of log files to who was blocked */
	ev_timer           second;       /* the slots' histories */
	struct service_shares *shares;
	struct ledger      ledger;       /* of workers that are gone */
	struct chronicle   chronicle;
	int                ledger_fd;    /* its copy for the next binary, while that is tried */
	ev_timer           watch;        /* for strangers */
	ev_timer           report;       /* to the service manager */
	ev_timer           watchdog;
	struct stranger    strangers[MASTER_STRANGERS]; /* on our addresses, now */
	size_t             stranger_count;
	struct stranger    suspects[MASTER_STRANGERS]; /* seen once, in the last look */
	size_t             suspect_count;
	unsigned           strangers_seen;
	struct canary     *canary;       /* of the reload that is under way */
	struct ticket_keys *tickets;     /* of TLS sessions; shared with the workers */
	int                tickets_fd;
	ev_timer           ticket_renewal;
	struct shared     *shared;       /* what the workers of services share */
	struct control    *control;
	struct upgrade    *upgrade;
	int                told;         /* what a worker was last told of all: a memfd; -1: nothing */
	double             told_at;      /* by child_clock() */
	ev_timer           leaving;      /* runs for drain_delay before it stops */
	double             leave_at;     /* when, by child_clock() */
	double             leave_time;   /* seconds that workers then have to finish; 0: no limit */
	bool               stopping;
	double             started;      /* when; over upgrades */
	double             began;        /* the same by the wall clock, as it was then */
	unsigned           reloads;      /* that succeeded, upgrades' too; over upgrades */
	unsigned           reloads_failed;
	unsigned           crashes;      /* workers that died unasked; over upgrades */
	unsigned           upgrades;
	unsigned           stalls;       /* workers that stopped turning; over upgrades */
	uint64_t           lost;         /* connections that died with their worker; over upgrades */
	double             reloaded;     /* when the serving generation took over; 0: it is the first */
	int                log;          /* descriptor: a file, or a duplicate of standard error */
	struct log_style   log_style;
	bool               log_is_elsewhere; /* than on standard error */
	int                exit_code;
};

/* Serves the configuration in file until it is told to stop.  Gives the exit code. */
int master_run(const char *file);

/* For the parts, when something ended: leaves the loop once nothing is left. */
void master_rest(struct master *m);

/* Begins the end of the service: /readyz says no for drain_delay, then master_stop().  Again: that
 * at once. */
void master_leave(struct master *m, double seconds);
bool master_is_leaving(const struct master *m);
void master_go_on_leaving(struct master *m);     /* after an upgrade, at leave_at */

/* Ends the service: what is in hand is finished within seconds (0: no limit). */
void master_stop(struct master *m, double seconds);

#endif
