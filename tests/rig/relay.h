/* SPDX-License-Identifier: MIT */
/*
 * relay.h - the long wire: packets between two TUN devices, each delayed.
 *
 * A process of its own, which dies with the rig.  First in, first out, no
 * loss; what did not fit its queue is counted, and a run with drops is void.
 */
#ifndef RIG_RELAY_H
#define RIG_RELAY_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

struct relay_stats {                     /* in memory shared with the relay */
	_Atomic uint64_t packets;
	_Atomic uint64_t drops;
	_Atomic uint64_t latest_us;      /* the worst that a packet was late */
};

struct relay {
	pid_t               pid;         /* 0: none */
	struct relay_stats *stats;
};

/* seconds: one way.  -1 and errno. */
int  relay_start(struct relay *r, const int tuns[2], double seconds);
void relay_stop(struct relay *r);        /* the stats stay readable */

#endif
