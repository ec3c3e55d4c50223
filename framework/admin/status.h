/* SPDX-License-Identifier: MIT */
/*
 * status.h - what the master knows, asked of it by a worker.
 *
 * Whoever of the workers is asked answers for all of them, and only the master knows them
 * all.  It gives a file in memory, two lines of JSON: what portico status --json tells, and
 * the counts behind it (docs/metrics.md).
 */
#ifndef PORTICO_ADMIN_STATUS_H
#define PORTICO_ADMIN_STATUS_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#define STATUS_PATIENCE 2.0      /* seconds for the master to answer */

struct status_told {             /* borrowed, inside the one told() call */
	const char *status;      /* as portico status --json, without the end of the line */
	size_t      status_len;
	const char *numbers;
	size_t      numbers_len;
};

struct status_wish {             /* embedded; zeroed before the first status_want() */
	/* Once, from the loop.  text NULL: the master does not answer.  It may wish again. */
	void              (*told)(struct status_wish *w, const struct status_told *text);
	double              since;   /* by clock_seconds() */
	unsigned            round;
	bool                waiting;
	struct status_wish *next;
};

struct status_asker {            /* a worker's; embedded */
	struct ev_loop     *loop;
	int                 channel;     /* to the master */
	bool                asked;       /* and it has not answered */
	unsigned            round;       /* answers so far */
	struct status_wish *first;       /* the oldest */
	ev_timer            patience;    /* of the first */
};

void status_asker_init(struct status_asker *a, struct ev_loop *loop, int channel);
void status_asker_fini(struct status_asker *a);  /* told() is not called any more */

/* w->told() is set.  All that wait share one answer. */
void status_want(struct status_asker *a, struct status_wish *w);
void status_drop(struct status_asker *a, struct status_wish *w);     /* not waiting is fine */

/* MESSAGE_STATUS came from the master: fd becomes its own. */
void status_answered(struct status_asker *a, int fd);

#endif
