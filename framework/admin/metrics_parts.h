/* SPDX-License-Identifier: MIT */
/*
 * metrics_parts.h - the pieces of metrics.h: private to metrics*.c.
 */
#ifndef PORTICO_ADMIN_METRICS_PARTS_H
#define PORTICO_ADMIN_METRICS_PARTS_H

#include <jansson.h>
#include <stdint.h>

#include "admin/expose.h"

struct admin;

void metrics_slots(struct expose *e, const json_t *status, const json_t *numbers);
void metrics_services(struct expose *e, const json_t *numbers);  /* a row a service and slot */
void metrics_tables(struct expose *e, const json_t *status);
void metrics_plugins(struct expose *e, const json_t *status);
void metrics_certificates(struct expose *e, const struct admin *a);

/* A member's value; 0 and "" if it is none. */
uint64_t metrics_count(const json_t *o, const char *key);
double metrics_real(const json_t *o, const char *key);
const char *metrics_text(const json_t *o, const char *key);

/* The number of a worker as a label, static. */
const char *metrics_worker(json_int_t slot);

#endif
