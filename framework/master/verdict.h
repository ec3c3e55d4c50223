/* SPDX-License-Identifier: MIT */
/*
 * verdict.h - how the server is, in one line.
 *
 * "4 workers, generation 7, balanced 1.04×, p99 3.1 ms, last reload 12 s ago, 0 lost"
 */
#ifndef PORTICO_MASTER_VERDICT_H
#define PORTICO_MASTER_VERDICT_H

#include <stddef.h>

struct latency;
struct master;

/* lately: of all answers.  What is wrong comes first. */
void verdict(const struct master *m, const struct latency *lately, char *out, size_t size);

#endif
