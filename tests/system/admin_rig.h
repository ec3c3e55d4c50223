/* SPDX-License-Identifier: MIT */
/* admin_rig.h - what is asked of the admin service, and the numbers that it tells. */
#ifndef SYSTEM_ADMIN_RIG_H
#define SYSTEM_ADMIN_RIG_H

#include <stdbool.h>

#include "client.h"

enum { ADMIN = 9180 };

#define WITH_ADMIN "[portico]\nworkers = 2\nadmin = 127.0.0.1:9180\n"

/* GET path on a connection of its own; fields: more lines of the head, or "".  Its body is static. */
void admin_get(const char *path, const char *fields, struct response *r);
int  admin_status(const char *path);
bool admin_ready(void);                  /* /readyz says 200 */

/* The same by a unix socket; 0: it cannot be connected to. */
int  admin_status_at(const char *path, const char *page);

/* The text of /metrics, to be freed. */
char *metrics_read(void);

/* The sum of the samples that begin so and hold all of that, NULL: whatever. */
double metrics_sum(const char *text, const char *name, const char *holds);

/* Everything that only grows is there as it was before, or more. */
void metrics_grew(const char *before, const char *after);

#endif
