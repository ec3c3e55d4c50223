/* SPDX-License-Identifier: MIT */
/*
 * scribe_ring.h - what the two sides of a scribe share: scribe.c, who speaks, and
 * scribe_thread.c, which writes.  Nobody else includes this.
 *
 *	room   written            said
 *	        | whole lines      | free, round to written
 *
 * The speaker moves said, the thread moves written; both only grow, and a byte's place is
 * its number in the ring.
 */
#ifndef PORTICO_SYS_SCRIBE_RING_H
#define PORTICO_SYS_SCRIBE_RING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/seldom.h"
#include "sys/scribe.h"

enum {
	SCRIBE_HALF = SCRIBE_ROOM / 2,
	SCRIBE_NAME = 128,
	SCRIBE_CACHE_LINE = 64,
};

/* What the thread is asleep for. */
enum scribe_waits { FOR_NOTHING, FOR_A_LINE, FOR_HALF };

struct scribe {
	char      name[SCRIBE_NAME];
	uint64_t *lost;
	_Atomic bool given_up;   /* what was left is counted, by the side that came first */
	int       bell;
	pthread_t thread;

	/* the speaker's */
	_Alignas(SCRIBE_CACHE_LINE) _Atomic uint64_t said;
	uint64_t known;          /* written, when it last looked */
	struct seldom complained;

	/* the thread's */
	_Alignas(SCRIBE_CACHE_LINE) _Atomic uint64_t written;
	_Atomic int waits;       /* enum scribe_waits */
	int      fd;
	bool     regular;
	bool     torn;           /* the file ends within a line */
	bool     newline_due;    /* since the rest of that line is lost */
	uint64_t since;          /* when it first saw what is unwritten */
	struct seldom told;      /* of an error */

	/* what the speaker orders; under lock, which nobody holds for long */
	_Alignas(SCRIBE_CACHE_LINE) pthread_mutex_t lock;
	int      next;           /* the file from turn_at on; -1: none */
	uint64_t turn_at;
	bool     ending;
	uint64_t until;          /* an order has so much time */

	char     room[SCRIBE_ROOM];
};

/* Takes fd as the file. */
void scribe_use(struct scribe *s, int fd);

void *scribe_write_all(void *scribe);    /* the thread */

/* The end: what is left is lost. */
void scribe_give_up(struct scribe *s);
void scribe_lose(struct scribe *s, uint64_t lines);

/* To the log, but not often; each side has its own told. */
void scribe_complain(struct scribe *s, struct seldom *told, const char *why);

#endif
