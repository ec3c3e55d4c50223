/* SPDX-License-Identifier: MIT */
/*
 * seldom.h - a sentence for the log that clients could make us say a thousand times a second.
 */
#ifndef PORTICO_BASE_SELDOM_H
#define PORTICO_BASE_SELDOM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

#define SELDOM_EACH (10 * CLOCK_SECOND)

struct seldom {                  /* all zero: never said */
	uint64_t when;
	unsigned missed;         /* since then */
};

/* Whether it may be said now; *missed is then how often it was not since it was said last. */
static inline bool seldom_may(struct seldom *s, unsigned *missed)
{
	uint64_t now = clock_ns();

	if (s->when > 0 && now - s->when < SELDOM_EACH) {
		s->missed++;
		return false;
	}
	*missed = s->missed;
	*s = (struct seldom){ .when = now };
	return true;
}

#endif
