/* SPDX-License-Identifier: MIT */
/*
 * report.h - tell the master why this worker cannot go on.
 */
#ifndef PORTICO_WORKER_REPORT_H
#define PORTICO_WORKER_REPORT_H

#include "config/problem.h"

/* Sends one sentence as MESSAGE_FAILED with the exit code that will follow.
 * The master logs it: it is not said here as well. */
void report(int channel, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Problems that are reported as they are found, with EX_CONFIG.  channel is
 * borrowed. */
struct problems report_problems(const int *channel);

#endif
