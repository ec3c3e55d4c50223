/* SPDX-License-Identifier: MIT */
/*
 * adminsock.h - the admin service's unix socket, which all workers of a generation share.
 */
#ifndef PORTICO_MASTER_ADMINSOCK_H
#define PORTICO_MASTER_ADMINSOCK_H

#include "sys/local.h"

struct generation;
struct master;

struct adminsock {               /* a generation's; zeroed: not looked at yet */
	char path[LOCAL_PATH + 1];
	int  fd;                 /* its own; 0 or -1: there is none */
	struct local_file file;  /* what the path was when it was made */
};

/* Before a worker of g is born: makes it, or takes a duplicate of the one that another generation
 * has there already, so that nobody is refused by a reload.  One that was removed, or replaced, is
 * made again if that can be, else the log tells.  -1, and g knows why. */
int adminsock_open(struct generation *g);

/* After an upgrade: fd becomes g's; -1 is fine. */
void adminsock_adopt(struct generation *g, const char *path, int fd);

/* The path is taken away too unless another generation, or somebody else, has it. */
void adminsock_close(struct generation *g);

void adminsock_close_all(struct master *m);

#endif
