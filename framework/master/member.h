/* SPDX-License-Identifier: MIT */
/*
 * member.h - a worker as its master sees it.
 */
#ifndef PORTICO_MASTER_MEMBER_H
#define PORTICO_MASTER_MEMBER_H

#include <stdbool.h>

#include "master/child.h"
#include "sys/page.h"

struct generation;
struct slot;

enum member_state {
	MEMBER_BORN,                         /* its slot lacks sockets */
	MEMBER_BOUND,
	MEMBER_READY,
	MEMBER_SERVING,
	MEMBER_LEAVING,
};

/* What is handed on between its handlers and those of another worker: bequest.c. */
enum member_estate {
	ESTATE_EXPORTS = MESSAGE_EXPORTS,
	ESTATE_IMPORTS = MESSAGE_IMPORTS,
	ESTATE_ASKED = 4,                    /* and it has not said all */
	ESTATE_WAITS = 8,                    /* for one that was asked */
};

struct member {                              /* a worker, as the master sees it */
	struct child       child;
	struct generation *generation;
	struct slot       *slot;
	struct page       *page;
	unsigned           services;         /* that page has */
	int                page_fd;
	enum member_state  state;
	double             ready_at, serving_at, leaving_at;  /* by child_clock(); 0: not yet */
	unsigned           estate;           /* enum member_estate */
	bool               successor;        /* of the slot's worker, which serves until it is ready */
	bool               stalled;          /* ended because it did not turn */
	bool               ending;           /* told MESSAGE_NOW */
	bool               owed_files;       /* it has not heard of the newest logs: handout.c */
	bool               told;             /* it has said why it cannot go on */
	char               why[MESSAGE_TEXT];
	struct member     *next;
};

/* Starts a worker in slot, which has none of this generation.  -1, and the
 * generation knows why. */
int member_spawn(struct generation *g, struct slot *slot);

/* Takes over a worker that the binary before this one started. -1 and errno.  due: as child.h has it;
 * DUE_UNTOLD: that binary did not tell, and what it waits for begins anew. */
#define DUE_UNTOLD (-1.)
int member_adopt(struct generation *g, struct slot *slot, pid_t pid, int channel, int page_fd,
	enum member_state state, double born, double due);

/* The server is about to end: /readyz says no. */
void member_tell_unready(struct member *m);

void member_let_serve(struct member *m);

/* Names a worker that serves, in the same slot if there is one, to take its
 * idle connections when it leaves.  Before member_leave(). */
void member_name_heir(struct member *m);

/* It ends within seconds (0: no limit), as how says: MESSAGE_RETIRE, _FINISH, _NOW. */
void member_leave(struct member *m, enum message_type how, double seconds);

#endif
