/* SPDX-License-Identifier: MIT */
/*
 * seccomp.h - a process that knows only the system calls that servers need (seccomp(2)).
 */
#ifndef PORTICO_SYS_SECCOMP_H
#define PORTICO_SYS_SECCOMP_H

#include <stdbool.h>

enum seccomp_answer {            /* to any other */
	SECCOMP_LOGS,            /* allowed, and told in the kernel's log: to try it out */
	SECCOMP_DENIES,          /* EPERM */
	SECCOMP_KILLS,           /* SIGSYS, which nobody can catch */
};

/* False: the kernel cannot, or this is a processor whose calls are not listed here. */
bool seccomp_is_there(void);

/* For the calling thread and all that it starts, for ever.  Needs no_new_privs.  -1 and errno.
 * Not among them: to run a program or start a process, to trace, signal or look into another one, to
 * mount, to load BPF or a module, io_uring, to bind or listen, to change users, clocks or hosts.  Two are
 * answered softly whatever the answer is, because libraries ask first and do without: bind(2) with EPERM,
 * calls newer than this file with ENOSYS. */
int seccomp_begin(enum seccomp_answer answer);

#endif
