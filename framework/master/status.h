/* SPDX-License-Identifier: MIT */
/*
 * status.h - what the master knows, as JSON.
 */
#ifndef PORTICO_MASTER_STATUS_H
#define PORTICO_MASTER_STATUS_H

#include <jansson.h>

struct master;

json_t *status_json(const struct master *m);     /* a new reference */

/* Text that others chose, a new reference: what is no UTF-8 becomes ?, since JSON is; then at
 * most 1023 bytes are kept. */
json_t *status_text(const char *text);

#endif
