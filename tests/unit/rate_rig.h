/* SPDX-License-Identifier: MIT */
/* rate_rig.h - what the tests of rates share: one whose buckets come back in an hour each. */
#ifndef PORTICO_UNIT_RATE_RIG_H
#define PORTICO_UNIT_RATE_RIG_H

#include "proto/rate.h"

extern struct rate rate;
extern struct counts rate_counts;

/* So many at once of each client, of all; 0: no limit. */
void rate_up(unsigned client, unsigned service);
void rate_down(void);

#endif
