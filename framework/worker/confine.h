/* SPDX-License-Identifier: MIT */
/*
 * confine.h - what a worker may do: as little as its handlers need.
 */
#ifndef PORTICO_WORKER_CONFINE_H
#define PORTICO_WORKER_CONFINE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

struct worker_birth;

/* After the ports are bound and the keys read, before the first thread and the first plugin: in this
 * order chroot, limits, bounding set, user and group, capabilities, no_new_privs, umask, core dumps,
 * Landlock, seccomp.  EX_OK, or an exit code whose reason has been reported.  What is less than
 * was asked for goes to the log if warn. */
int confine(const struct worker_birth *b, bool warn);

/* The same for the master, which needs no child to see that it cannot work: EX_OK, or the exit code,
 * each problem told. */
int confine_check(const struct config *c, config_problem_fn *problem, void *arg);

enum { CONFINE_TEXT = 512 };

/* "user www-data, no capabilities, ...": what c makes of its workers here. */
const char *confine_tell(const struct config *c, char out[CONFINE_TEXT]);

/* What of it this kernel cannot do, or NULL. */
const char *confine_lacks(const struct config *c);

#endif
