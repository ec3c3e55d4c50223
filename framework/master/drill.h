/* SPDX-License-Identifier: MIT */
/*
 * drill.h - portico soak: load against a running server while it reloads.
 */
#ifndef PORTICO_MASTER_DRILL_H
#define PORTICO_MASTER_DRILL_H

#include <stdint.h>

/* reloads: how many, spread evenly; rate: new connections per second.
 * Prints what was lost, by kind. EX_OK if nothing was, 1 if something or if a
 * reload failed, or an exit code with a sentence on standard error. */
int drill(const char *file, int64_t reloads, int64_t rate);

#endif
