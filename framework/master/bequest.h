/* SPDX-License-Identifier: MIT */
/*
 * bequest.h - what handlers know, from the worker that leaves a slot to the one that comes.
 */
#ifndef PORTICO_MASTER_BEQUEST_H
#define PORTICO_MASTER_BEQUEST_H

struct member;
struct message;

/* About to serve: how long it is to wait for what the worker that leaves its slot exports, in
 * seconds; 0: there is nothing to wait for. */
double bequest_wait(struct member *m);

/* Says that what m knows goes nowhere, if it could have been handed on.  m is told to retire. */
void bequest_explain(const struct member *m);

/* MESSAGE_EXPORTED of m; fd, or -1, stays the caller's. */
void bequest_pass(struct member *m, const struct message *said, int fd);

/* m died: nobody waits for it any longer. */
void bequest_lost(struct member *m);

#endif
