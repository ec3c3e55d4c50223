/* SPDX-License-Identifier: MIT */
/*
 * metrics.h - /metrics: all families, docs/metrics.md.
 */
#ifndef PORTICO_ADMIN_METRICS_H
#define PORTICO_ADMIN_METRICS_H

#include <jansson.h>

#include "admin/expose.h"

struct admin;
struct portico_request;

int metrics_page(struct admin *a, struct portico_request *r);

/* All who waited for one answer of the master were told: what was written for them goes. */
void metrics_forget(struct admin *a);

/* The families of status and numbers, the two lines of admin/status.h. */
void metrics_write(struct expose *e, const json_t *status, const json_t *numbers);

#endif
