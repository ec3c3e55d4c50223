/* SPDX-License-Identifier: MIT */
/*
 * proc.h - children: birth, what they inherit, how they died.
 */
#ifndef PORTICO_SYS_PROC_H
#define PORTICO_SYS_PROC_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* fork(2), and in the parent a descriptor that becomes readable when the
 * child has died (pidfd_open(2)); -1 where the kernel has none, before Linux
 * 5.3, or a sandbox forbids it.  The child gets 0. */
pid_t proc_fork(int *pidfd);

/* In a child of proc_fork(): from now on it is killed when its parent dies, or no more.
 * Ends it at once if that has happened already.  setresuid(2) forgets it. */
void proc_die_with_parent(bool yes);

/* Collects a dead child: 0, or -1 with EAGAIN if it lives. */
int proc_reap(pid_t pid, siginfo_t *how);

/* Whether a process, not only a child, is stopped, by a signal or a debugger; false also if /proc does
 * not tell. */
bool proc_is_stopped(pid_t pid);

/* "exit code 1", "signal 11 (Segmentation fault)", as waitid(2) told. */
const char *proc_death(const siginfo_t *how, char *out, size_t size);

/* Closes every descriptor of this process but 0, 1, 2 and the named ones.
 * Sorts keep. */
void proc_keep_only(int *keep, size_t count);

/* The path of this program, in out of PATH_MAX bytes; "" if it cannot be told. */
void proc_binary(char *out);

/* Raises RLIMIT_NOFILE's soft limit to its hard one.  Gives the limit now in
 * force; 0 if it cannot be told. */
size_t proc_raise_descriptors(void);

#endif
