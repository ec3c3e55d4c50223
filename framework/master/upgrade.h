/* SPDX-License-Identifier: MIT */
/*
 * upgrade.h - another binary in place: same pid, same children, same sockets.
 */
#ifndef PORTICO_MASTER_UPGRADE_H
#define PORTICO_MASTER_UPGRADE_H

struct master;

/* The operation: the new binary checks the configuration in a child, then
 * takes this process over and reloads.  Ends by operation_ended(), in this
 * binary or in the next. */
void upgrade(struct master *m);

struct upgrade;
void upgrade_cancel(struct upgrade *u);          /* ends its check soon */

/* In the new binary: whether this process was taken over from an older one.
 * 1, and m holds what that one had and goes on with its reload; 0; -1 if the state
 * cannot be used, which was told. */
int upgrade_take_over(struct master *m);

/* portico check, asked by a master that wants to hand over: can this binary
 * read its state?  0, or an exit code with a sentence on standard error. */
int upgrade_check_version(void);

/* Where the binary of this process lives, before anybody replaces it. */
void upgrade_remember_binary(void);

#endif
