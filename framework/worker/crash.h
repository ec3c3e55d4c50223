/* SPDX-License-Identifier: MIT */
/*
 * abort.h - where a worker was when its master ended it.
 */
#ifndef PORTICO_WORKER_ABORT_H
#define PORTICO_WORKER_ABORT_H

/* From now on SIGABRT writes a backtrace to the log before it ends the process,
 * whatever the stack is like. */
void abort_tell(void);

#endif
