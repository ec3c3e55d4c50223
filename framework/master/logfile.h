/* SPDX-License-Identifier: MIT */
/*
 * logfile.h - the log of the master and all its workers.
 */
#ifndef PORTICO_MASTER_LOGFILE_H
#define PORTICO_MASTER_LOGFILE_H

#include "base/log.h"

struct config;
struct master;

/* Before a configuration is known: on standard error. */
void logfile_begin(struct master *m);

/* From now on everybody writes as config wants it: where, opened anew, how, and from which level on.
 * If it cannot be opened, everything stays as it was and the log says so: -1. */
int logfile_follow(struct master *m, const struct config *c);

/* After an upgrade: fd, which is open, is where c wants it. */
void logfile_adopt(struct master *m, const struct config *c, int fd);

/* USR1: opens it and the access logs anew.  -1: one of them stays where it was, which was told. */
int logfile_reopen(struct master *m);

#endif
