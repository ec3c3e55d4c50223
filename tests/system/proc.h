/* SPDX-License-Identifier: MIT */
/*
 * proc.h - what /proc says of a process and of this test's network.
 */
#ifndef SYSTEM_PROC_H
#define SYSTEM_PROC_H

#include <stddef.h>
#include <sys/types.h>

/* Sockets of this network that listen on port (tcp) or are bound to it (udp);
 * table: "tcp", "tcp6", "udp", "udp6".  Their inodes go to out. */
size_t proc_sockets(const char *table, int port, unsigned long *out, size_t max);

/* What pid's descriptors are, as readlink(2) tells, each in one line. */
const char *proc_descriptors(pid_t pid);
/* Which of the sockets are open in pid. */
size_t proc_holds(pid_t pid, const unsigned long *inodes, size_t count);

/* A line of /proc/PID/status without its name; static. */
const char *proc_status(pid_t pid, const char *name);
long   proc_rss_kib(pid_t pid);
double proc_cpu_seconds(pid_t pid);

#endif
