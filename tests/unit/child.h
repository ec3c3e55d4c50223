/* SPDX-License-Identifier: MIT */
/* child.h - a process beside the test that holds all that the test has. */
#ifndef PORTICO_UNIT_CHILD_H
#define PORTICO_UNIT_CHILD_H

#include <sys/types.h>

/* It does nothing else, and ends with the test at the latest. */
pid_t child_start(const char *name);
void  child_end(pid_t pid);

#endif
