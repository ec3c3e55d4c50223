/* SPDX-License-Identifier: MIT */
/*
 * accesslog.h - the files of access logs: opened by the master, written by its workers.
 */
#ifndef PORTICO_MASTER_ACCESSLOG_H
#define PORTICO_MASTER_ACCESSLOG_H

#include <stddef.h>

#include "config/config.h"

struct generation;
struct master;

/* Of one generation, service by service.  All zero: none, or not opened yet. */
struct accesslogs {
	struct accesslog {
		char *path;      /* NULL: the service has none */
		int   fd;        /* -1: it is not open */
	}      *all;
	size_t  count;
};

/* Whether the files of c can be opened, without doing it.  What is not right is told; an exit code. */
int accesslogs_check(const struct config *c, config_problem_fn *problem, void *arg);

/* Before a worker of g is born: opens them, unless they are open.  -1, and g's failure is noted. */
int  accesslogs_open(struct generation *g);
void accesslogs_fini(struct accesslogs *logs);

/* USR1: opens the files of all generations anew, for handout().  0, or -1 if one stays where it
 * was, which was told. */
int  accesslogs_reopen(struct master *m);

/* Over an upgrade: the paths, in their order.  -1 and ENOMEM. */
int  accesslogs_adopt(struct accesslogs *logs, size_t count, const char *(*path)(void *arg, size_t i),
	void *arg);

#endif
