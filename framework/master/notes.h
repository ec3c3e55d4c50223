/* SPDX-License-Identifier: MIT */
/*
 * notes.h - what an operator should know beside the figures, a sentence each: an operation, a
 * canary, strangers, slots that do not serve, generations that drain, what the kernel lacks.
 */
#ifndef PORTICO_MASTER_NOTES_H
#define PORTICO_MASTER_NOTES_H

#include <jansson.h>
#include <stdbool.h>

/* warns: somebody should look at it. */
typedef void notes_fn(void *arg, bool warns, const char *sentence);

/* Of a status that facts_prepare() has seen; the most urgent first. */
void notes_tell(const json_t *status, notes_fn *tell, void *arg);

#endif
