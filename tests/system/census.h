/* SPDX-License-Identifier: MIT */
/*
 * census.h - which slot gets how much: many connections and datagrams to the
 * plugins that say "SLOT PID\n", and a crowd of clients that stay.
 */
#ifndef SYSTEM_CENSUS_H
#define SYSTEM_CENSUS_H

#include <stdbool.h>
#include <stddef.h>

enum { CENSUS_SLOTS = 64 };

enum census_how { CENSUS_HTTP, CENSUS_TCP, CENSUS_UDP };

struct census_of {                       /* where, and from where */
	enum census_how how;
	const char     *host;            /* NULL: 127.0.0.1 */
	int             port;
	unsigned        addresses;       /* so many of 127.0.0.0/8 ask in turn; 0: the usual one */
};

/* The slot that answers connection n. */
unsigned census_ask(const struct census_of *of, unsigned n);
/* ... to a client at address, NULL: the usual one. */
unsigned census_ask_from(const struct census_of *of, const char *address);

struct census {
	unsigned hits[CENSUS_SLOTS];
	unsigned all;
};

void census_take(struct census *c, const struct census_of *of, unsigned connections);
/* Each slot has its share of all, within so much (0.02: two points). */
void census_expect(const struct census *c, const double *shares, unsigned slots, double within);
double census_share(const struct census *c, unsigned slot);

/* ---- clients that stay: HTTP keep-alive ---- */

enum { CROWD_MOST = 4096 };

struct crowd {
	int      port;
	unsigned count;
	unsigned cut;                    /* ended without an answer, or with a reset */
	unsigned moved;                  /* were told to come again, and did */
	int      fds[CROWD_MOST];
	unsigned slots[CROWD_MOST];      /* who answered last */
};

extern struct crowd crowd;               /* a test's, if it needs but one */

void crowd_join(struct crowd *c, int port, unsigned more);
/* All ask once more: each is answered on its connection, or was ended in good order before and
 * comes again.  Anything else is counted in cut. */
void crowd_ask(struct crowd *c);
/* How many slot has; the fullest of slots against the mean. */
unsigned crowd_of(const struct crowd *c, unsigned slot);
double crowd_fullest(const struct crowd *c, unsigned slots);
void crowd_leave(struct crowd *c, unsigned count);               /* the last ones */

#endif
