/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - whether the run was valid, and what was lost in it.
 */
#ifndef RIG_VERDICT_H
#define RIG_VERDICT_H

#include <stdint.h>

#include "rig/events.h"
#include "rig/options.h"
#include "soak/soak.h"

enum verdict_code { VERDICT_AS_EXPECTED, VERDICT_NOT, VERDICT_VOID };

struct verdict {                         /* all borrowed */
	const struct options     *options;
	const struct events      *events;
	const struct soak_report *report;
	const char               *failure;       /* of the run; NULL: none */
	uint64_t                  drops;         /* packets that the rig itself lost */
	uint64_t                  relay_late_us;
};

/* Prints one line of "key=value"s, before it the table if asked for; gives
 * the exit code. */
int verdict_say(const struct verdict *v);

#endif
