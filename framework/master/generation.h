/* SPDX-License-Identifier: MIT */
/*
 * generation.h - one configuration and the workers started from it.
 *
 *	STARTING --canary ready--> CANARY --promoted--> STARTING
 *	STARTING --all ready--> SERVING --successor serves--> RETIRING --last worker gone--> GONE
 *	   \_____ any failure: its workers are ended, its predecessor never noticed ________/
 */
#ifndef PORTICO_MASTER_GENERATION_H
#define PORTICO_MASTER_GENERATION_H

#include <stdbool.h>

#include "config/config.h"
#include "master/accesslog.h"
#include "master/adminsock.h"
#include "master/member.h"

struct master;
struct slot;

enum generation_state {
	GENERATION_STARTING,
	GENERATION_CANARY,           /* some of its workers serve, in slots behind the row */
	GENERATION_SERVING,
	GENERATION_RETIRING,
};

struct generation {
	struct master         *master;
	unsigned               number;       /* 1, 2, ... */
	struct config         *config;       /* its own */
	struct accesslogs      accesslogs;   /* of its workers */
	struct adminsock       admin;        /* likewise */
	enum generation_state  state;
	bool                   gave_up;      /* it failed before it served */
	bool                   hurried;      /* over the limit of draining ones: told to end soon */
	bool                   adopted;      /* from the binary before: cannot be staffed */
	unsigned               workers;      /* how many it should have */
	struct member         *members;      /* its workers that live */
	struct generation     *older;
	double                 born;
	int                    failure;      /* exit code of what went wrong first, or 0 */
	char                   why[MESSAGE_TEXT];
};

/* Starts workers for config, which becomes its own.  What comes of it is seen
 * by master->serving; when it fails at once it is gone already. */
void generation_start(struct master *m, struct config *config);

/* One with no workers yet; config becomes its own.  NULL and ENOMEM: config is destroyed. */
struct generation *generation_create(struct master *m, struct config *config);

/* Its worker in slot, unless that one is leaving or a successor that is not ready;
 * NULL without one. */
struct member *generation_member(const struct generation *g, const struct slot *slot);

/* A canary is promoted: the rest of its workers is born, then it serves as a whole. */
void generation_go_on(struct generation *g);

/* Frees it if it is over.  Only at the end of whatever was going on with it. */
void generation_bury(struct generation *g);

/* For its members: one is ready; why it will not come to serve, the first
 * reason counts; one is gone, after age seconds. */
void generation_ready(struct member *m);
void generation_note_failure(struct generation *g, int code, const char *why);
void generation_lost(struct generation *g, struct slot *slot, double age, const char *why);

/* Lets the next worker bind its sockets, in slot order. */
void generation_bind_next(struct generation *g);
void generation_let_serve(struct generation *g);        /* whoever is ready */

/* Its workers in the slots from first on leave: those that serve drain. */
void generation_leave_slots(struct generation *g, unsigned first);

/* Ends the slots behind the active ones that have neither workers nor sockets. */
void generation_trim_slots(struct master *m);

/* Its workers leave the queue to their successors and finish within seconds
 * (0: no limit). */
void generation_retire(struct generation *g, double seconds);

/* Its workers empty the queue and finish within seconds (0: no limit). */
void generation_finish(struct generation *g, double seconds);
void generation_end_now(struct generation *g);

#endif
