/* SPDX-License-Identifier: MIT */
/*
 * beat.h - the turns of a worker's loop: when each began, and what they cost.
 *
 * A turn is what the loop does between two waits.  The master sees from it
 * that a worker is blocked: a turn that began long ago and has not ended.
 */
#ifndef PORTICO_NET_BEAT_H
#define PORTICO_NET_BEAT_H

#include <ev.h>
#include <stdint.h>

#include "net/hub.h"
#include "sys/page.h"

enum { BEAT_MIRRORS = 64 };

struct beat {
	ev_check    begin;
	struct hub *hub;         /* hub->woke is set */
	struct page *page;
	_Atomic uint64_t *mirrors[BEAT_MIRRORS];   /* see the turn, too */
	unsigned    mirror_count;
};

/* hub and page are borrowed until beat_stop(). */
void beat_start(struct beat *b, struct hub *hub, struct page *page);
void beat_stop(struct beat *b);

void beat_end(struct beat *b);           /* of a turn; by the hub, whose end of it is the last */

/* From now on *turn tells when a turn began, 0 while the loop waits. */
void beat_mirror(struct beat *b, _Atomic uint64_t *turn);

/* They belong to somebody else now, who keeps what he has told there. */
void beat_leave_mirrors(struct beat *b);

#endif
