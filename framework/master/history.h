/* SPDX-License-Identifier: MIT */
/*
 * history.h - what a slot did lately: rates, shares, latencies.
 *
 * Once a second the master writes down what each slot has done so far.
 */
#ifndef PORTICO_MASTER_HISTORY_H
#define PORTICO_MASTER_HISTORY_H

#include <stdint.h>

#include "base/latency.h"

struct master;
struct slot;

enum {
	HISTORY_SECONDS = 60,    /* shares are over the last minute */
	HISTORY_RATE = 3,        /* rates over the last three seconds */
	HISTORY_SPAN = 10,       /* latencies over the last 10 to 20 */
};

struct history_sample {
	double   at;             /* by child_clock() */
	uint64_t clients;
	double   expected;       /* clients that it should have had */
	uint64_t answered;
	uint64_t busy;           /* nanoseconds */
};

struct history {                 /* in a slot; all zero is a valid empty one */
	struct history_sample samples[HISTORY_SECONDS + 1];
	unsigned              count;     /* samples so far; the newest is the last written */
	struct latency        latency[2]; /* as it was at the last two multiples of SPAN */
	double                expected;  /* clients so far that it should have had */
};

struct history_lately {
	uint64_t clients;
	double   expected;
	double   rate;           /* answers a second */
	double   busy;           /* 0..1 */
	double   share;          /* of all slots' new clients; negative: nobody came */
	double   share_expected; /* negative likewise */
};

/* Once a second: begins with the first call, ends with history_stop(). */
void history_start(struct master *m);
void history_stop(struct master *m);

struct history_lately history_lately(const struct master *m, const struct slot *s);
void history_latency(const struct master *m, const struct slot *s, struct latency *out);

/* How much more than its part the slot with the most got: 1 is even; 0: too few
 * clients came lately to tell. */
double history_imbalance(const struct master *m);

#endif
