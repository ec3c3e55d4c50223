/* SPDX-License-Identifier: MIT */
/*
 * connect.h - sockets for the load, and enough ports for them.
 */
#ifndef PORTICO_SOAK_CONNECT_H
#define PORTICO_SOAK_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "soak/soak.h"

/* Fills in the sources of a plan that names none but has a loopback target. */
void connect_choose_sources(struct soak_plan *p);

/* A non-blocking socket for connection number, bound to its turn's source.
 * -1 and errno. */
int  connect_open(const struct soak_plan *p, const struct addr *to, uint64_t number);

/* Whether error is for want of something on our side. */
bool connect_failed_here(int error);

#endif
