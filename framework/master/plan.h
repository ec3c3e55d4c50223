/* SPDX-License-Identifier: MIT */
/*
 * plan.h - who of a group gets how much of its new clients.
 *
 * Made anew whenever anything changes: slots that come and go, workers that stall, an
 * operator who drains one, a canary, the load.  It is compared with what runs.
 */
#ifndef PORTICO_MASTER_PLAN_H
#define PORTICO_MASTER_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "sys/steer.h"

struct escrow;
struct load;
struct master;

enum plan_runs {
	PLAN_HASH,               /* the kernel's, over all members */
	PLAN_CLASSIC,            /* a program of steer.h */
	PLAN_SHORTEST,           /* the one of shortest.h */
};

struct plan {
	enum plan_runs runs;
	enum steer_by  by;       /* CLASSIC */
	unsigned       prefix, offset, length;
	unsigned       count;    /* members */
	uint32_t       weights[CONFIG_MAX_WORKERS];
	bool           closed[CONFIG_MAX_WORKERS];
};

/* For the group of first, which is slot 0's socket of an address of service; load
 * is the service's if its balance is load. */
void plan_make(struct plan *p, const struct master *m, const struct escrow *first,
	const struct config_service *service, const struct load *load);

bool plan_equal(const struct plan *a, const struct plan *b);

/* The part of a service's new clients that slot is to get, 0..1. */
double plan_share(const struct master *m, const struct config_service *service, unsigned slot);

#endif
