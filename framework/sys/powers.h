/* SPDX-License-Identifier: MIT */
/*
 * powers.h - what a process may do beyond its user's rights, given up for good.
 */
#ifndef PORTICO_SYS_POWERS_H
#define PORTICO_SYS_POWERS_H

#include <stdbool.h>
#include <stdint.h>

/* No program that it runs ever has a capability.  While it is root: without CAP_SETPCAP there is
 * nothing that can be done, and with no_new_privs nothing that has to be. */
void powers_bound(void);

/* No capability in any set.  -1 and errno. */
int powers_drop(void);

/* no_new_privs(7): set-user-ID bits and file capabilities have no effect.  -1 and errno. */
int powers_keep_down(void);

/* Core dumps of at most so many bytes (INT64_MAX: as many as there are).  -1 and errno; EPERM: the hard
 * limit is lower, and CAP_SYS_RESOURCE is missing. */
int powers_limit_core(int64_t bytes);

/* Whether it may dump core at all, a pipe's reader in core_pattern included (core(5)), and others of its
 * user, siblings too, may look into its memory.  After the last change of users, which says no:
 * PR_SET_DUMPABLE, prctl(2). */
void powers_allow_dump(bool yes);

/* Its limit of descriptors.  Gives what it is then: less than count if the hard limit is, and
 * CAP_SYS_RESOURCE is missing. */
uint64_t powers_limit_files(uint64_t count);
uint64_t powers_files(void);

#endif
