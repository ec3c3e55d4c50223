/* SPDX-License-Identifier: MIT */
/*
 * child.h - a process of ours: its channel, its death, its end in time.
 */
#ifndef PORTICO_MASTER_CHILD_H
#define PORTICO_MASTER_CHILD_H

#include <ev.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "sys/channel.h"

struct child {                   /* embedded; zeroed before child_spawn() */
	struct ev_loop *loop;
	pid_t           pid;
	int             channel;
	ev_io           speech;
	ev_io           death;   /* on a pidfd, where there is one */
	ev_timer        reaper;  /* where there is none: from the end of its speech on */
	ev_timer        killer;
	double          born;    /* by child_clock() */
	double          due;     /* to be killed, by child_clock(); 0: not at all */
	bool            overdue; /* killed by child_kill_after() */
	/* A message came.  fd is the callee's own, or -1. */
	void          (*heard)(struct child *, const struct message *, int fd);
	/* It has died, all its messages have been heard, and nothing of it is
	 * left: the callee may free it. */
	void          (*died)(struct child *, const siginfo_t *how);
};

/* Forks.  The child runs entry(arg, its end of the channel) and exits with
 * what that gives.  heard and died are set.  -1 and errno. */
int  child_spawn(struct child *c, struct ev_loop *loop, int (*entry)(void *arg, int channel),
	void *arg);

/* Takes over a child that this process had before an exec. -1 and errno. */
int  child_adopt(struct child *c, struct ev_loop *loop, pid_t pid, int channel, double born);

/* 0, or -1 when it does not listen any more: its death will be heard. */
int  child_tell(struct child *c, enum message_type type, double seconds, int fd);

/* SIGKILL after so many seconds unless it is gone by then; again: the new time
 * counts; a negative one calls it off. */
void child_kill_after(struct child *c, double seconds);

/* What this kernel, or a sandbox, does not give and what is used instead; NULL: nothing. */
const char *child_lacks(void);

double child_age(const struct child *c);         /* seconds */
double child_clock(void);                        /* seconds, monotonic, the same over an exec */

#endif
