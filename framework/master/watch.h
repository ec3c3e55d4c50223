/* SPDX-License-Identifier: MIT */
/*
 * watch.h - strangers in our groups: sockets on our addresses that are not ours.
 */
#ifndef PORTICO_MASTER_WATCH_H
#define PORTICO_MASTER_WATCH_H

struct master;

/* Looks every few seconds, from now on. */
void watch_start(struct master *m);
void watch_stop(struct master *m);

#endif
