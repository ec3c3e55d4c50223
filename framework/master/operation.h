/* SPDX-License-Identifier: MIT */
/*
 * operation.h - what changes the service, one at a time, and who waits for
 * the outcome.
 */
#ifndef PORTICO_MASTER_OPERATION_H
#define PORTICO_MASTER_OPERATION_H

#include <stdbool.h>

struct master;
struct control_client;

enum operation_kind { OPERATION_RELOAD, OPERATION_SCALE, OPERATION_UPGRADE, OPERATION_REPLACE };

struct operation_wish {
	enum operation_kind kind;
	int                 amount;      /* SCALE: workers, or how many more if relative; REPLACE: slot */
	bool                relative;
	bool                canary;      /* RELOAD: not as the file says, but with */
	double              share, seconds; /* so much for so long; share 0: without one */
};

struct operation {
	struct operation_wish  wish;
	struct control_client *client;   /* waits for the outcome; NULL: nobody does */
	bool                   told;     /* that it waits */
	struct operation      *next;
};

/* Begins it when those before it have ended.  client is told the outcome; if there is no
 * memory for it, that, at once. */
void operation_ask(struct master *m, const struct operation_wish *wish,
	struct control_client *client);

/* Whether the one under way is of that kind. */
bool operation_is(const struct master *m, enum operation_kind kind);

/* The one under way by its verb; NULL: there is none. */
const char *operation_name(const struct master *m);

/* The one under way has ended: says so to the log and to who waits.  Without
 * one under way it is the start that has ended. */
void operation_ended(struct master *m, bool good, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* After an upgrade: the reload that belongs to it, begun by the caller. */
void operation_adopt(struct master *m, struct control_client *client);

/* Something that held the next one up is over. */
void operation_next(struct master *m);

/* client is gone: nobody waits any more. */
void operation_forget(struct master *m, const struct control_client *client);

/* None will begin any more; those that wait are told. */
void operation_stop(struct master *m);

#endif
