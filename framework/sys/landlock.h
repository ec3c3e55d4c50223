/* SPDX-License-Identifier: MIT */
/*
 * landlock.h - a process that may do less than its user, without a privilege (landlock(7)).
 *
 * What the kernel does not know is left out: landlock_abi() says what it knows.  Holds for the
 * calling thread and all that it starts, for ever: before there are threads.
 */
#ifndef PORTICO_SYS_LANDLOCK_H
#define PORTICO_SYS_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

enum {                           /* the ABI from which on there are rules for */
	LANDLOCK_ABI_FILES = 1,
	LANDLOCK_ABI_PORTS = 4,  /* bind(2) of TCP sockets */
	LANDLOCK_ABI_SCOPES = 6, /* signals, and abstract unix(7) sockets */
};

/* 0: it has none, or it is not active. */
int landlock_abi(void);

struct landlock {
	int      fd;             /* of the rules */
	uint64_t files;          /* rights that have rules, 0: files are left alone */
};

/* Nothing is allowed from then on but what landlock_allow() adds: no TCP port to bind, no process
 * of another to signal or trace, none of their abstract sockets to connect to, and if files, no
 * file to open, change, run or make.  -1 and errno; ENOSYS: there would be no rule at all. */
int landlock_begin(struct landlock *l, bool files);

/* A file, or all beneath a directory.  -1 and errno. */
int landlock_allow(struct landlock *l, const char *path, bool write);

/* They hold.  Needs no_new_privs.  -1 and errno.  The end of l either way. */
int landlock_enforce(struct landlock *l);

#endif
