/* SPDX-License-Identifier: MIT */
/*
 * stream_rig.h - what the tests of streams share: sides, of which one end is
 * a stream with callbacks of its own and the other a bare socket.
 *
 * In every test closed() of the first side is called exactly once and no
 * stream is left; stream_tear_down() looks.
 */
#ifndef PORTICO_UNIT_STREAM_RIG_H
#define PORTICO_UNIT_STREAM_RIG_H

#include <stddef.h>

#include "net/stream.h"
#include "rig.h"

/* A suite whose tests have all that. */
#define STREAM_SUITE(name)                                                   \
	TestSuite(name, .init = stream_set_up, .fini = stream_tear_down, .timeout = 30)

struct side {
	struct stream stream;
	int           peer;
	size_t      (*on_data)(struct side *, char *bytes, size_t len);  /* NULL: uses all */
	void        (*on_drained)(struct side *);
	void        (*on_eof)(struct side *);
	char          got[256];          /* what data() was given last, or its first part */
	size_t        got_len;
	unsigned      datas, eofs, draineds, lates, closeds;     /* calls */
	struct side  *other;             /* for the test's callbacks */
};

extern struct stream_kind kind;  /* no time to be idle, 5 s to linger, small bounds */
extern struct side side;         /* open */
extern struct side second;       /* for a test to open */

void stream_set_up(void);
void stream_tear_down(void);             /* aborts what is open */
void open_side(struct side *d);

/* The bare socket, without a turn of the loop. */
void peer_says(struct side *d, const char *text);
void peer_hears(struct side *d, const char *text);       /* exactly that */
void peer_hears_nothing(struct side *d);
void peer_hears_the_end(struct side *d);

/* Writes to the stream until its socket takes no more; how much that was. */
size_t clog_up(struct side *d);

/* Like rig_sleeps(), and the hub has nothing to do either. */
void sleeps(void);

/* For on_data. */
size_t use_nothing(struct side *d, char *bytes, size_t len);

#endif
