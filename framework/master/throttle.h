/* SPDX-License-Identifier: MIT */
/*
 * throttle.h - when to replace a worker that died.
 */
#ifndef PORTICO_MASTER_THROTTLE_H
#define PORTICO_MASTER_THROTTLE_H

struct master;
struct slot;

/* The slot's worker of the serving generation died after age seconds:
 * replaces it, at once or later. */
void throttle_replace(struct slot *s, double age);

/* Another generation serves: its workers are judged anew. */
void throttle_reset(struct master *m);

#endif
