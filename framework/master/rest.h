/* SPDX-License-Identifier: MIT */
/*
 * rest.h - workers that turn and accept nobody: no descriptor is left for a client.
 */
#ifndef PORTICO_MASTER_REST_H
#define PORTICO_MASTER_REST_H

#include <stdbool.h>

#include "base/seldom.h"

struct member;
struct slot;

struct rest {                    /* of a slot; all zero: its worker accepts */
	double        since;     /* when it was first seen that it does not; 0: it does */
	bool          said;      /* that slot->resting began */
	struct seldom told;
};

/* Whether the worker says so. */
bool rest_is_on(const struct member *w);

/* A look at the slot's worker, at least ten in the time that `stall` is. */
void rest_look(struct slot *s, const struct member *w);

#endif
