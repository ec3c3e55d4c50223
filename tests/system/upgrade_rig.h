/* SPDX-License-Identifier: MIT */
/* upgrade_rig.h - a server whose binary may be replaced at will, and its upgrades. */
#ifndef SYSTEM_UPGRADE_RIG_H
#define SYSTEM_UPGRADE_RIG_H

#include <sys/types.h>

#include "greeting.h"
#include "server.h"

/* Runs a copy, "live"; the verbs run another one, "good". */
struct server *start_copy(void);
struct server *start_serving(void);      /* and generation 1 serves */

ino_t inode_of(const char *path);
ino_t running_binary(pid_t pid);

void upgrade_succeeds(struct server *s, unsigned generation);

void await_log(const char *text);        /* in the file portico.log */

#endif
