/* SPDX-License-Identifier: MIT */
/*
 * shares.h - who got how much of a service's new clients lately, and how long its answers took.
 */
#ifndef PORTICO_MASTER_SHARES_H
#define PORTICO_MASTER_SHARES_H

#include <stdint.h>

#include "base/latency.h"

struct config_service;
struct master;

enum { SHARES_SECONDS = 15 };    /* lately: short enough to be watched */

struct share {
	uint64_t clients;        /* that came lately */
	double   part;           /* of all that came for the service; negative: nobody did */
	double   expected;       /* the part that was to come; negative likewise */
};

/* Once a second: what came for s, also to the histories of the slots. */
void shares_note(struct master *m, const struct config_service *s);
void shares_forget(struct master *m);    /* all */

struct share shares_lately(const struct master *m, const char *service, unsigned slot);

/* A generation has taken over from another one: latencies begin anew. */
void shares_reloaded(struct master *m);

/* Of s as it was at the last reload; NULL: there was none. */
const struct latency *shares_latency_before(const struct master *m, const char *service);

#endif
