/* SPDX-License-Identifier: MIT */
/*
 * adoption.h - sockets that systemd has opened become the slots' own (systemd.socket(5)).
 */
#ifndef PORTICO_MASTER_ADOPTION_H
#define PORTICO_MASTER_ADOPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

struct master;

/* At the start, before there are workers: puts what was given into escrow, for each address one
 * a slot in their order.  EX_OK, also if nothing was given, or an exit code whose reason was told. */
int adoption(struct master *m, const struct config *c);

/* Who gave them keeps them: each needs its worker.  false: so few workers are too few, and why. */
bool adoption_allows(const struct master *m, unsigned workers, char *why, size_t size);

#endif
