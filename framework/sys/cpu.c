/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - how many CPUs this process may use.
 *
 * A cgroup's quota binds all below it, so the smallest one on the way from
 * our cgroup up to the root counts.  In a container /proc/self/cgroup may
 * name a path that is not mounted there: what is missing is passed over, and
 * the way ends at the mount's root, which is then the container's own cgroup.
 */
#include "sys/cpu.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CPUS_MOST = 1 << 16 }; /* a mask larger than any kernel's */

/* The first line of ROOT/DIR/NAME, without its newline. */
static bool read_line(const char *dir, const char *name, char *line, int room)
{
	char path[PATH_MAX];
	int len = snprintf(path, sizeof(path), "%s/%s", dir, name);

	if (len < 0 || (size_t)len >= sizeof(path))
		return false;
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return false;
	bool ok = fgets(line, room, file) != NULL;
	fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = '\0';
	return ok;
}

static unsigned round_up(long long quota, long long period)
{
	if (quota <= 0 || period <= 0)
		return 0;
	long long cpus = (quota - 1) / period + 1;
	return cpus < UINT_MAX ? (unsigned)cpus : 0;
}

/* cpu.max holds "QUOTA PERIOD" or "max PERIOD", in microseconds. */
static unsigned quota_v2(const char *dir)
{
	char line[64];
	long long quota, period;

	if (!read_line(dir, "cpu.max", line, sizeof(line)) ||
		sscanf(line, "%lld %lld", &quota, &period) != 2)
		return 0;
	return round_up(quota, period);
}

/* cpu.cfs_quota_us is -1 without a limit. */
static unsigned quota_v1(const char *dir)
{
	char quota[32], period[32];

	if (!read_line(dir, "cpu.cfs_quota_us", quota, sizeof(quota)) ||
		!read_line(dir, "cpu.cfs_period_us", period, sizeof(period)))
		return 0;
	return round_up(strtoll(quota, NULL, 10), strtoll(period, NULL, 10));
}

/* 0 is no limit. */
static unsigned smaller(unsigned a, unsigned b)
{
	if (a == 0 || b == 0)
		return a + b;
	return a < b ? a : b;
}

/* The smallest quota from mount/path up to mount itself. */
static unsigned quota_along(
	const char *root, const char *mount, const char *path, unsigned (*quota)(const char *dir))
{
	char dir[PATH_MAX];
	unsigned cpus = 0;

	int base = snprintf(dir, sizeof(dir), "%s%s", root, mount);
	/* "/.." is what a cgroup namespace shows of a place above its own root. */
	if (strstr(path, "/..") != NULL)
		path = "";
	int len = snprintf(dir, sizeof(dir), "%s%s%s", root, mount, path);
	if (len < 0 || (size_t)len >= sizeof(dir))
		return 0;
	for (;;) {
		cpus = smaller(cpus, quota(dir));
		char *slash = strrchr(dir + base, '/');
		if (slash == NULL)
			return cpus;
		*slash = '\0';
	}
}

static bool has_word(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)) != NULL; at += len) {
		bool begins = at == list || at[-1] == ',';
		if (begins && (at[len] == ',' || at[len] == '\0'))
			return true;
	}
	return false;
}

/* line is ID:CONTROLLERS:PATH of /proc/self/cgroup, see cgroups(7); v2 has the
 * id 0 and no controllers. */
static unsigned quota_of_line(const char *root, char *line)
{
	char *controllers = strchr(line, ':');
	char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;

	if (path == NULL)
		return 0;
	*controllers++ = '\0';
	*path++ = '\0';
	if (strcmp(line, "0") == 0 && *controllers == '\0')
		return smaller(quota_along(root, "/sys/fs/cgroup", path, quota_v2),
			quota_along(root, "/sys/fs/cgroup/unified", path, quota_v2));
	if (!has_word(controllers, "cpu"))
		return 0;
	return smaller(quota_along(root, "/sys/fs/cgroup/cpu", path, quota_v1),
		quota_along(root, "/sys/fs/cgroup/cpu,cpuacct", path, quota_v1));
}

unsigned cpu_quota(const char *root)
{
	char path[PATH_MAX];
	char *line = NULL;
	size_t room = 0;
	unsigned cpus = 0;

	int len = snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	if (len < 0 || (size_t)len >= sizeof(path))
		return 0;
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (getline(&line, &room, file) > 0) {
		line[strcspn(line, "\n")] = '\0';
		cpus = smaller(cpus, quota_of_line(root, line));
	}
	free(line);
	fclose(file);
	return cpus;
}

/* The mask grows until the kernel's fits: it tells its size by EINVAL only. */
static unsigned affinity(void)
{
	for (int cpus = CPU_SETSIZE; cpus <= CPUS_MOST; cpus *= 2) {
		cpu_set_t *set = CPU_ALLOC((size_t)cpus);
		size_t len = CPU_ALLOC_SIZE((size_t)cpus);
		if (set == NULL)
			return 0;
		int rc = sched_getaffinity(0, len, set);
		unsigned count = rc == 0 ? (unsigned)CPU_COUNT_S(len, set) : 0;
		CPU_FREE(set);
		if (rc == 0 || errno != EINVAL)
			return count;
	}
	return 0;
}

unsigned cpu_count(void)
{
	unsigned cpus = smaller(affinity(), cpu_quota(""));

	return cpus > 0 ? cpus : 1;
}
