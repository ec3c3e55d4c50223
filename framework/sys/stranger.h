/* SPDX-License-Identifier: MIT */
/*
 * stranger.h - who else holds an address that is to be ours.
 */
#ifndef PORTICO_SYS_STRANGER_H
#define PORTICO_SYS_STRANGER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "sys/addr.h"

struct stranger {                /* plain value */
	int           type;      /* SOCK_STREAM, SOCK_DGRAM */
	struct addr   addr;      /* where its socket is: a, or a wildcard that covers it */
	pid_t         pid;       /* 0: whose it is may not be seen */
	uid_t         uid;       /* who made the socket */
	char          program[32];   /* "" if pid is 0 */
	time_t        since;     /* when that process started; 0: not told */
	unsigned long inode;
	int           reuseport; /* 1 yes, 0 no, -1 may not be seen */
};

struct strangers_known {         /* who is none */
	bool                 listening;  /* nobody who is bound only: a look that costs little */
	const unsigned long *inodes;     /* sockets that we hold: nobody need look for them */
	size_t               inode_count;
	const pid_t         *pids;       /* processes of ours */
	size_t               pid_count;
};

enum { STRANGER_TEXT = 256 };

/* The sockets in the way of binding a (IPv6 only if it is IPv6) that are not
 * known and that none of the known processes holds, one entry each, of the process with the lowest pid.  A
 * TCP connection is none; a socket that is bound without listening is told where the kernel
 * does (sys/diag.h).  Fills at most max, gives how many there are; 0 too if nothing could be read.
 *
 * A socket that is nowhere seen is a stranger's.  So a process that may not
 * look into its own children (they changed their user, it did not stay root) must hold
 * what they hold; and a child that has just bound, but not handed over yet, is
 * taken for a stranger unless its pid is named.  All of /proc is read only if there is
 * a stranger: some milliseconds where thousands of processes run. */
size_t strangers_find(const struct addr *a, int type, const struct strangers_known *known,
	struct stranger *out, size_t max);

/* "nginx (pid 4711, uid 33 www-data) since 2026-11-22 14:03, with SO_REUSEPORT";
 * or "a process that may not be seen from here (uid 33 www-data)". Gives the length as snprintf(3). */
size_t stranger_tell(const struct stranger *s, char *out, size_t size);

#endif
