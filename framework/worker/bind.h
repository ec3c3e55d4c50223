/* SPDX-License-Identifier: MIT */
/*
 * bind.h - make the sockets that a slot does not have yet, and hand the
 * master a duplicate of each.
 */
#ifndef PORTICO_WORKER_BIND_H
#define PORTICO_WORKER_BIND_H

struct worker_birth;

/* Waits for its turn (MESSAGE_BIND) when there is anything to bind.  Fills in
 * birth->sockets.  EX_OK, or an exit code whose reason has been reported. */
int bind_sockets(const struct worker_birth *birth);

#endif
