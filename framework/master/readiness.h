/* SPDX-License-Identifier: MIT */
/*
 * readiness.h - whether new clients should be sent to this machine.
 */
#ifndef PORTICO_MASTER_READINESS_H
#define PORTICO_MASTER_READINESS_H

struct master;

/* What is in the way: a sentence; NULL: nothing is. */
const char *readiness_lacks(const struct master *m);

#endif
