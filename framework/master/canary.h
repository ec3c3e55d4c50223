/* SPDX-License-Identifier: MIT */
/*
 * canary.h - a reload that shows the new generation to a few clients first.
 *
 *	slots   0 1 2 3 | 4         canary = 10% 30s, 4 workers: a slot more,
 *	        old     | new       which gets a tenth of the new clients
 *
 *	workers of the new generation are ready in slots behind the row
 *	-> they serve their share
 *	-> healthy until the time is up, or portico promote: the rest of them is born,
 *	   and the reload goes on as any other
 *	-> a crash, a stall, too many 5xx, too slow, or portico rollback: they finish what
 *	   they have, and the slots retire
 */
#ifndef PORTICO_MASTER_CANARY_H
#define PORTICO_MASTER_CANARY_H

#include <stdbool.h>

struct config;
struct generation;
struct master;
struct slot;

/* Goes on with a reload whose configuration passed its trial; config becomes its own. */
void canary_start(struct master *m, struct config *config, double share, double seconds);

/* All of its workers are ready: begins to serve. */
void canary_ready(struct generation *g);

/* One of them died, or could not start. */
void canary_failed(struct generation *g, const char *why);
/* Its worker does not do its work; also if s is no canary's. */
void canary_suffers(struct master *m, const struct slot *s, const char *why);

/* The operator's: 0, or -1 if there is none that serves; who is promoted already
 * can be rolled back until it serves as a whole, and not be promoted again. */
int canary_promote(struct master *m);
int canary_roll_back(struct master *m);

/* The generation serves as a whole, or everything ends: there is no canary any more. */
void canary_end(struct master *m);

/* The part of new clients that all of its slots together get; 0 without one that serves. */
double   canary_share(const struct master *m);
bool     canary_has(const struct master *m, unsigned slot);
unsigned canary_slots(const struct master *m);
double   canary_age(const struct master *m);
double   canary_time(const struct master *m);    /* seconds that it has in all */

#endif
