/* SPDX-License-Identifier: MIT */
/*
 * accept.h - which of two forms a client would rather have: RFC 9110, 12.5.1.
 */
#ifndef PORTICO_ADMIN_ACCEPT_H
#define PORTICO_ADMIN_ACCEPT_H

#include <stdbool.h>

/* Whether by the field Accept, NULL without one, OpenMetrics 1.0 is asked for, and not less
 * than plain text. */
bool accept_open_metrics(const char *accept);

#endif
