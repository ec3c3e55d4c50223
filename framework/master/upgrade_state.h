/* SPDX-License-Identifier: MIT */
/*
 * upgrade_state.h - all that a master has, in a memfd, for the next binary.
 *
 * JSON, so that a version can be looked at; numbers of descriptors that live
 * through the exec.
 */
#ifndef PORTICO_MASTER_UPGRADE_STATE_H
#define PORTICO_MASTER_UPGRADE_STATE_H

struct master;

/* Changes when an older binary could misread it: this state, a ledger, a worker's page. */
enum { UPGRADE_STATE_VERSION = 5 };

/* Writes it, names its descriptor in the environment, and lets every
 * descriptor that it names live through an exec.  -1 and errno. */
int upgrade_state_save(struct master *m);

/* The exec failed: undoes that. */
void upgrade_state_forget(struct master *m);

/* 1: m has it all. 0: there is none. -1: there is one that cannot be used,
 * which was told. */
int upgrade_state_load(struct master *m);

#endif
