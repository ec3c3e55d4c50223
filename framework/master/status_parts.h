/* SPDX-License-Identifier: MIT */
/*
 * status_parts.h - the pieces of status.h's JSON: private to status*.c.
 */
#ifndef PORTICO_MASTER_STATUS_PARTS_H
#define PORTICO_MASTER_STATUS_PARTS_H

#include <jansson.h>

#include "base/latency.h"
#include "sys/counts.h"

struct escrow;
struct master;
struct member;

json_t *status_slots(const struct master *m);
json_t *status_numbers(const struct master *m);   /* for metrics: docs/metrics.md */
json_t *status_bounds(void);                       /* of the histograms */
json_t *status_services(const struct master *m);

const char *status_service_of(const struct master *m, const struct escrow *e);
void status_add_counts(json_t *o, const struct counts *c);

/* The time within which that part of them was, or null. */
json_t *status_seconds(const struct latency *l, double part);
const char *status_member_state(const struct member *m);

#endif
