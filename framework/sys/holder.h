/* SPDX-License-Identifier: MIT */
/*
 * holder.h - which processes hold a socket (proc(5)).
 *
 * What this user may not look at is not told, and is no error: the descriptors
 * of another user's process, and of one that changed its user (prctl(2),
 * PR_SET_DUMPABLE).  A process of another pid namespace is not seen at all.
 */
#ifndef PORTICO_SYS_HOLDER_H
#define PORTICO_SYS_HOLDER_H

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

struct holder {                  /* plain value; texts can be printed safely */
	unsigned long inode;
	pid_t         pid;
	int           fd;        /* the lowest it has of the socket */
	uid_t         uid;       /* the process's; the socket has its own */
	time_t        since;     /* when the process started; 0: not told */
	char          program[32];
	char          command[192];  /* its command line, cut; "" if it has none */
};

typedef void holder_each(void *arg, const struct holder *h);

/* Calls each for every process and each of its sockets that is among the
 * inodes, in one walk through /proc.  Gives how many processes could not be looked at,
 * or -1 and errno. */
int holders_find(const unsigned long *inodes, size_t count, holder_each *each, void *arg);

/* The same of these processes only, which costs little however many there are. */
int holders_find_among(const pid_t *pids, size_t pid_count, const unsigned long *inodes,
	size_t count, holder_each *each, void *arg);

/* A flag of the socket itself, such as SOL_SOCKET, SO_REUSEPORT: its value, or
 * -1 if it may not be seen (pidfd_getfd(2), Linux 5.6) or h is not so any more. */
int holder_option(const struct holder *h, int level, int option);

#endif
