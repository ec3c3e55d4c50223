/* SPDX-License-Identifier: MIT */
/*
 * who.h - portico who: who is on a port of this machine, and whether it can be shared.
 */
#ifndef PORTICO_MASTER_WHO_H
#define PORTICO_MASTER_WHO_H

#include <stdbool.h>

/* argument: "8080", "8080/udp", "8080/tcp", "http", "domain/udp"; without a suffix
 * both protocols are told.  No server needs to run, no privilege is needed; what this
 * user may not see is told as such. EX_OK, or an exit code with a sentence
 * on standard error. */
int who(const char *argument, bool as_json);

#endif
