/* SPDX-License-Identifier: MIT */
/*
 * server.h - the server under test: a command, what it says, its children.
 *
 * It runs in the server's namespace and in a process group of its own, and
 * what it says on standard output and error is kept in a file and shown to
 * the owner line by line.
 */
#ifndef RIG_SERVER_H
#define RIG_SERVER_H

#include <ev.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "rig/space.h"

enum { SERVER_LINE = 4096, SERVER_CHILDREN = 512 };

struct server {                          /* memory is the caller's */
	struct ev_loop *loop;
	pid_t           pid;             /* 0: it has ended */
	ev_io           said;
	ev_io           death;           /* a pidfd */
	FILE           *log;
	char            line[SERVER_LINE];
	size_t          line_len;
	void          (*heard)(void *arg, const char *line);
	void          (*died)(void *arg);
	void           *arg;
};

/* Runs command by sh -c.  log is a path.  -1 and errno. */
int  server_start(struct server *s, const struct space *space, const char *command,
	const char *log);
/* TERM, and after ten seconds KILL, to it and all its children. */
void server_stop(struct server *s);
/* Its children now, at most max; gives how many. */
int  server_children(const struct server *s, pid_t *children, int max);

/* Runs command by sh -c beside the server.  The child's pid and pidfd. */
pid_t server_command(const struct space *space, const char *command, int *pidfd);

#endif
