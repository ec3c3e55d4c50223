/* SPDX-License-Identifier: MIT */
/* cpu.c - sys/cpu.c: affinity and cgroup quotas, the latter under a directory of the test's. */
#include "sys/cpu.h"

#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char root[64];

static void make_root(void)
{
	strcpy(root, "/tmp/portico-cpu-XXXXXX");
	cr_assert_not_null(mkdtemp(root));
}

static void drop_root(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	cr_assert_eq(system(command), 0);
}

TestSuite(cpu, .init = make_root, .fini = drop_root);

/* Writes text to root/path and makes the directories on the way. */
static void put(const char *path, const char *text)
{
	char full[512];

	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *at = full + strlen(root) + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		mkdir(full, 0700);
		*at = '/';
	}
	FILE *file = fopen(full, "w");
	cr_assert_not_null(file, "%s", full);
	fputs(text, file);
	fclose(file);
}

Test(cpu, count_is_at_least_one_and_no_more_than_affinity)
{
	cpu_set_t one;

	cr_assert_geq(cpu_count(), 1);
	CPU_ZERO(&one);
	CPU_SET((size_t)sched_getcpu(), &one);
	cr_assert_eq(sched_setaffinity(0, sizeof(one), &one), 0);
	cr_assert_eq(cpu_count(), 1);
}

Test(cpu, no_cgroup_is_no_quota)
{
	cr_assert_eq(cpu_quota(root), 0);
	put("proc/self/cgroup", "nonsense\n:\n0:x\n\n");
	cr_assert_eq(cpu_quota(root), 0);
}

Test(cpu, v2_quota_is_rounded_up)
{
	put("proc/self/cgroup", "0::/a\n");
	put("sys/fs/cgroup/a/cpu.max", "150000 100000\n");
	cr_assert_eq(cpu_quota(root), 2);
	put("sys/fs/cgroup/a/cpu.max", "200000 100000\n");
	cr_assert_eq(cpu_quota(root), 2);
	put("sys/fs/cgroup/a/cpu.max", "1000 100000\n");
	cr_assert_eq(cpu_quota(root), 1);
	put("sys/fs/cgroup/a/cpu.max", "max 100000\n");
	cr_assert_eq(cpu_quota(root), 0);
}

Test(cpu, the_smallest_quota_on_the_way_up_counts)
{
	put("proc/self/cgroup", "0::/a/b/c\n");
	put("sys/fs/cgroup/a/b/c/cpu.max", "800000 100000\n");
	put("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
	put("sys/fs/cgroup/a/cpu.max", "300000 100000\n");
	cr_assert_eq(cpu_quota(root), 3);
}

Test(cpu, a_path_that_is_not_mounted_ends_at_the_mount_s_root)
{
	put("proc/self/cgroup", "0::/docker/1234\n");
	put("sys/fs/cgroup/cpu.max", "400000 100000\n");
	cr_assert_eq(cpu_quota(root), 4);
	put("proc/self/cgroup", "0::/../../x\n");
	cr_assert_eq(cpu_quota(root), 4);
	put("proc/self/cgroup", "0::/\n");
	cr_assert_eq(cpu_quota(root), 4);
}

Test(cpu, v1_quota_counts_where_the_cpu_controller_is)
{
	put("proc/self/cgroup", "3:cpuset:/x\n2:cpu,cpuacct:/x\n1:name=systemd:/\n");
	put("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "250000\n");
	put("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_period_us", "100000\n");
	cr_assert_eq(cpu_quota(root), 3);
	put("sys/fs/cgroup/cpu,cpuacct/x/cpu.cfs_quota_us", "-1\n");
	cr_assert_eq(cpu_quota(root), 0);
}

Test(cpu, hybrid_takes_the_smaller_of_both)
{
	put("proc/self/cgroup", "1:cpu:/\n0::/\n");
	put("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "500000\n");
	put("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
	put("sys/fs/cgroup/unified/cpu.max", "600000 100000\n");
	cr_assert_eq(cpu_quota(root), 5);
}

Test(cpu, nonsense_in_a_quota_is_no_quota)
{
	put("proc/self/cgroup", "0::/\n");
	put("sys/fs/cgroup/cpu.max", "100000 0\n");
	cr_assert_eq(cpu_quota(root), 0);
	put("sys/fs/cgroup/cpu.max", "-5 100000\n");
	cr_assert_eq(cpu_quota(root), 0);
	put("sys/fs/cgroup/cpu.max", "");
	cr_assert_eq(cpu_quota(root), 0);
}
