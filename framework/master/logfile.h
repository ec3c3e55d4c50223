/* SPDX-License-Identifier: MIT */
/*
 * logfile.h - the log of the master and all its workers.
 */
#ifndef PORTICO_MASTER_LOGFILE_H
#define PORTICO_MASTER_LOGFILE_H

struct master;

/* From now on everybody writes to path (NULL: standard error), opened anew.
 * If it cannot be opened, everything stays as it was and the log says so: -1. */
int logfile_open(struct master *m, const char *path);

/* As config wants it: where, and from which level on. */
struct config;
int logfile_follow(struct master *m, const struct config *c);

/* USR1: opens it and the access logs anew.  -1: one of them stays where it was, which was told. */
int logfile_reopen(struct master *m);

#endif
