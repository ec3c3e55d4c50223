/* SPDX-License-Identifier: MIT */
/*
 * proc.c - children: birth, what they inherit, how they died.
 */
#include "sys/proc.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static pid_t parent;             /* in a child: who forked it */

pid_t proc_fork(int *pidfd)
{
	*pidfd = -1;
	parent = getpid();
	pid_t pid = fork();
	if (pid <= 0)
		return pid;
	/* No race: the child stays a zombie until we collect it. */
	*pidfd = pidfd_open(pid, 0);
	return pid;
}

/* Whoever is pid 1 may be our parent: in a container it is the program itself. */
void proc_die_with_parent(bool yes)
{
	(void)prctl(PR_SET_PDEATHSIG, yes ? SIGKILL : 0);
	if (yes && getppid() != parent)
		_exit(EX_UNAVAILABLE);
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

/* "PID (NAME) STATE ...": a name may have all that stands around it (proc_pid_stat(5)). */
bool proc_is_stopped(pid_t pid)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "re");
	size_t len = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
	if (f)
		fclose(f);
	text[len] = '\0';
	const char *end = strrchr(text, ')');
	return end && (strncmp(end, ") T", 3) == 0 || strncmp(end, ") t", 3) == 0);
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

/* One by one, for kernels before 5.9 and sandboxes that forbid the other way. */
static void close_each_between(unsigned first, unsigned last)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		unsigned fd = (unsigned)atoi(entry->d_name);
		if (fd >= first && fd <= last && entry->d_name[0] != '.' && (int)fd != dirfd(dir))
			close((int)fd);
	}
	if (dir)
		closedir(dir);
}

static void close_between(unsigned first, unsigned last)
{
	if (close_range(first, last, 0) < 0)
		close_each_between(first, last);
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
			close_between(next, (unsigned)keep[i] - 1);
		next = (unsigned)keep[i] + 1;
	}
	close_between(next, ~0U);
}

void proc_binary(char *out)
{
	ssize_t n = readlink("/proc/self/exe", out, PATH_MAX - 1);

	out[n > 0 ? n : 0] = '\0';
	/* Where no /proc is mounted: what execve(2) was given. */
	if (n <= 0 && !realpath((const char *)(uintptr_t)getauxval(AT_EXECFN), out))
		out[0] = '\0';
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
