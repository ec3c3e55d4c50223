/* SPDX-License-Identifier: MIT */
/*
 * status.h - what the master knows, as JSON.
 */
#ifndef PORTICO_MASTER_STATUS_H
#define PORTICO_MASTER_STATUS_H

#include <jansson.h>

struct master;

json_t *status_json(const struct master *m);     /* a new reference */

#endif
