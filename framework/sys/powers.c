/* SPDX-License-Identifier: MIT */
/*
 * powers.c - what a process may do beyond its user's rights, given up for good.
 *
 * capset(2) without libcap.  Threads have their own sets: before there are any.
 */
#include "sys/powers.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { CAPABILITIES_MOST = 64 }; /* bits of a set */

void powers_bound(void)
{
	/* EINVAL: one that this kernel does not know, and so none behind it. */
	for (unsigned long i = 0; i < CAPABILITIES_MOST; i++)
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && errno == EINVAL)
			return;
}

/* Ambient ones go with those that are permitted: capabilities(7).  Who has none need not ask: a
 * filter around us may forbid capset(2), as systemd's does, and capget(2) is harmless. */
int powers_drop(void)
{
	struct __user_cap_header_struct self = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct __user_cap_data_struct mine[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &self, mine) == 0 && memcmp(mine, none, sizeof(none)) == 0)
		return 0;
	return (int)syscall(SYS_capset, &self, none);
}

int powers_keep_down(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* As far as it may. */
static int limit(int what, rlim_t wanted)
{
	struct rlimit l = { .rlim_cur = wanted, .rlim_max = wanted };

	if (setrlimit(what, &l) == 0)
		return 0;
	if (errno != EPERM || getrlimit(what, &l) < 0)
		return -1;
	l.rlim_cur = wanted < l.rlim_max ? wanted : l.rlim_max;
	if (setrlimit(what, &l) == 0 && l.rlim_cur < wanted)
		errno = EPERM;
	return l.rlim_cur < wanted ? -1 : 0;
}

int powers_limit_core(int64_t bytes)
{
	return limit(RLIMIT_CORE, bytes == INT64_MAX ? RLIM_INFINITY : (rlim_t)bytes);
}

void powers_allow_dump(bool yes)
{
	(void)prctl(PR_SET_DUMPABLE, yes ? 1 : 0, 0, 0, 0);
}

uint64_t powers_limit_files(uint64_t count)
{
	(void)limit(RLIMIT_NOFILE, count);
	return powers_files();
}

uint64_t powers_files(void)
{
	struct rlimit l;

	return getrlimit(RLIMIT_NOFILE, &l) == 0 ? l.rlim_cur : 0;
}
