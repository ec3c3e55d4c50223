/* SPDX-License-Identifier: MIT */
/*
 * birth.h - what a worker sheds of its master: signals and descriptors.
 */
#ifndef PORTICO_WORKER_BIRTH_H
#define PORTICO_WORKER_BIRTH_H

struct worker_birth;

/* First of all, in the child: it obeys its channel alone, dies with its master until
 * proc_die_with_parent() says otherwise, owns what b names, which stays, and logs as who (NULL:
 * as the worker that it is). */
void birth_settle(const struct worker_birth *b, const char *who);

#endif
