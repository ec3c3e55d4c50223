/* SPDX-License-Identifier: MIT */
/*
 * proc.c - children: birth, what they inherit, how they died.
 */
#include "sys/proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

pid_t proc_fork(int *pidfd)
{
	*pidfd = -1;
	pid_t pid = fork();
	if (pid <= 0)
		return pid;
	/* No race: the child stays a zombie until we collect it. */
	*pidfd = pidfd_open(pid, 0);
	return pid;
}

int proc_reap(pid_t pid, siginfo_t *how)
{
	memset(how, 0, sizeof(*how));
	if (waitid(P_PID, (id_t)pid, how, WEXITED | WNOHANG) < 0)
		return -1;
	if (how->si_pid == 0) {
		errno = EAGAIN;
		return -1;
	}
	return 0;
}

const char *proc_death(const siginfo_t *how, char *out, size_t size)
{
	if (how->si_code == CLD_EXITED)
		snprintf(out, size, "exit code %d", how->si_status);
	else
		snprintf(out, size, "signal %d (%s)%s", how->si_status, strsignal(how->si_status),
			how->si_code == CLD_DUMPED ? ", core dumped" : "");
	return out;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

void proc_keep_only(int *keep, size_t count)
{
	unsigned next = 3;

	qsort(keep, count, sizeof(*keep), by_number);
	for (size_t i = 0; i < count; i++) {
		if (keep[i] < (int)next)
			continue;
		if (keep[i] > (int)next)
			close_range(next, (unsigned)keep[i] - 1, 0);
		next = (unsigned)keep[i] + 1;
	}
	close_range(next, ~0U, 0);
}

size_t proc_raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 0;
	rlim_t now = limit.rlim_cur;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		now = limit.rlim_max;
	return (size_t)now;
}
