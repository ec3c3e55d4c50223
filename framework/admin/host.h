/* SPDX-License-Identifier: MIT */
/*
 * host.h - whether a request's Host may be the admin service's.
 */
#ifndef PORTICO_ADMIN_HOST_H
#define PORTICO_ADMIN_HOST_H

#include <stdbool.h>

#include "config/config.h"

/* host: the field, or NULL without one. */
bool host_is_ours(const char *host, const struct config *config);

#endif
