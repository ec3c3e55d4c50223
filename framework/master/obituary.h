/* SPDX-License-Identifier: MIT */
/*
 * obituary.h - a worker's death in one sentence.
 */
#ifndef PORTICO_MASTER_OBITUARY_H
#define PORTICO_MASTER_OBITUARY_H

#include <signal.h>
#include <stddef.h>

struct member;

/* Writes the sentence to out, and to the log: as information when the worker left as it
 * was told to, as an error otherwise. */
void obituary(const struct member *m, const siginfo_t *how, char *out, size_t size);

/* What it is doing now, for a log line: "serving, in http_request() of handler web /". */
void obituary_doing(const struct member *m, char *out, size_t size);

#endif
