/* SPDX-License-Identifier: MIT */
/*
 * tickets.h - the master's part of TLS session tickets: it makes the keys and renews them.
 */
#ifndef PORTICO_MASTER_TICKETS_H
#define PORTICO_MASTER_TICKETS_H

struct master;

/* Before the first worker: keys, unless they were adopted, and the timer.  -1 and errno. */
int  tickets_begin(struct master *m);
void tickets_stop(struct master *m);

/* fd: of an earlier binary's keys; becomes its own. */
void tickets_adopt(struct master *m, int fd);

#endif
