/* SPDX-License-Identifier: MIT */
/*
 * state.h - what a handler knows, from one worker to the next.
 */
#ifndef PORTICO_PROTO_STATE_H
#define PORTICO_PROTO_STATE_H

#include <stddef.h>

#include "proto/handler.h"

/* Asks h, which has state_export(), for max bytes at most, until then by clock_seconds().  The
 * sealed descriptor, the caller's own; -1, and the log says why. */
int state_export(struct portico_service *h, size_t max, double until);

/* Gives h, which has state_import(), what is in fd, which stays open.  The log says what came of it. */
void state_import(struct portico_service *h, int fd);

/* It was given nothing; unless it was told before, the log says why. */
void state_says_empty(struct portico_service *h, const char *why);

#endif
