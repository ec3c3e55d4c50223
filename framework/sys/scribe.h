/* SPDX-License-Identifier: MIT */
/*
 * scribe.h - lines to a file, written by a thread: who says them never waits.
 *
 * A ring of bytes between one speaker and the thread.  Lines go out together, each
 * write(2) whole ones: when half of the ring is full, and a second after they were said.
 * While the file takes no more the ring fills; a line that finds no room, or that the file
 * refuses, is lost and counted.  On a pipe a write is at most PIPE_BUF bytes, so that
 * lines of several processes do not mix there either.
 */
#ifndef PORTICO_SYS_SCRIBE_H
#define PORTICO_SYS_SCRIBE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SCRIBE_LINE = PIPE_BUF,  /* bytes in a line at most, with its newline */
	SCRIBE_ROOM = 1 << 20,   /* bytes that may wait */
};

struct scribe;

/* Writes to fd, which becomes its own.  name is for the log, copied.  What is lost is added
 * to *lost, atomically, by either side.  NULL and errno; then fd is not closed. */
struct scribe *scribe_create(int fd, const char *name, uint64_t *lost);

/* From one thread: a whole line with its newline, at most SCRIBE_LINE bytes. */
void scribe_say(struct scribe *s, const char *line, size_t len);

/* What was said before goes to the file it has, what comes now to fd, which becomes its own. */
void scribe_turn_to(struct scribe *s, int fd);

/* Nothing more is said: it writes what it has, until the time is up (clock_ns()).  Does not
 * wait; scribe_destroy() does, and counts what was left as lost. */
void scribe_end(struct scribe *s, uint64_t until);
void scribe_destroy(struct scribe *s);   /* after scribe_end() */

#endif
