/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - how many CPUs this process may use.
 */
#ifndef PORTICO_SYS_CPU_H
#define PORTICO_SYS_CPU_H

/* The smaller of the affinity mask (sched_getaffinity(2)) and the cgroup's
 * quota, rounded up (cpu.max of cgroup v2, cpu.cfs_quota_us of v1).  At least 1. */
unsigned cpu_count(void);

/* For tests: the quota alone, in CPUs rounded up; 0 if there is none.  root
 * stands in front of /proc/self/cgroup and /sys/fs/cgroup: "" is the machine. */
unsigned cpu_quota(const char *root);

#endif
