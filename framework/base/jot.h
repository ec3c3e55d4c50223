/* SPDX-License-Identifier: MIT */
/*
 * jot.h - text put together piece by piece, also in a signal handler: nothing here waits for a
 * lock or for memory.  What has no room is left out.
 */
#ifndef PORTICO_BASE_JOT_H
#define PORTICO_BASE_JOT_H

#include <stddef.h>
#include <stdint.h>

struct jot {
	char *at;                /* where the next piece goes; no NUL is written */
	char *end;               /* of the room */
};

void jot_bytes(struct jot *j, const char *text, size_t len);
void jot_text(struct jot *j, const char *text);
void jot_number(struct jot *j, uint64_t n, unsigned digits);     /* with as many digits at least */
void jot_hex(struct jot *j, uint64_t n);                         /* 0x7f */

#endif
