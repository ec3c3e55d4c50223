/* SPDX-License-Identifier: MIT */
/*
 * crash.h - where a worker was when a signal ended it, and what it is doing now.
 */
#ifndef PORTICO_WORKER_CRASH_H
#define PORTICO_WORKER_CRASH_H

#include "base/log.h"

struct worker_birth;

/* From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT write to the log where they came from,
 * whatever the stack is like, and then end the process as they would have.  b stays. */
void crash_tell(const struct worker_birth *b);

/* For log_ask_place(): the service and handler that a callback is running of.  arg: the birth. */
struct log_place crash_place(void *arg);

#endif
