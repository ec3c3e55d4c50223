/* SPDX-License-Identifier: MIT */
/*
 * workers.c - the server's workers as anybody sees them: in /proc.
 */
#include "workers.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_child_of(pid_t pid, pid_t master)
{
	char path[64], state = 'Z';
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	bool read = fscanf(f, "%*d (%*[^)]) %c %d", &state, &parent) == 2;
	fclose(f);
	return read && state != 'Z' && parent == master;
}

size_t workers_of(pid_t master, pid_t *out, size_t max)
{
	DIR *proc = opendir("/proc");
	size_t count = 0;

	for (struct dirent *d; proc && (d = readdir(proc));) {
		pid_t pid = (pid_t)atoi(d->d_name);
		if (pid > 0 && count < max && is_child_of(pid, master))
			out[count++] = pid;
	}
	if (proc)
		closedir(proc);
	return count;
}

static size_t count_descriptors(pid_t pid)
{
	char path[64];
	size_t count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	DIR *fds = opendir(path);
	while (fds && readdir(fds))
		count++;
	if (fds)
		closedir(fds);
	return count;            /* at least . and .., where it may be looked at */
}

pid_t workers_busiest(const pid_t *pids, size_t count)
{
	size_t most = 0, n;
	pid_t busiest = 0;

	for (size_t i = 0; i < count; i++) {
		n = count_descriptors(pids[i]);
		if (n > most) {
			most = n;
			busiest = pids[i];
		}
	}
	return busiest;
}

static bool has_socket(pid_t pid, unsigned long inode)
{
	char path[64], wanted[64], link[sizeof(path) + 256], target[64];
	bool found = false;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	DIR *fds = opendir(path);
	for (struct dirent *d; fds && !found && (d = readdir(fds));) {
		snprintf(link, sizeof(link), "%s/%s", path, d->d_name);
		ssize_t n = readlink(link, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		found = strcmp(target, wanted) == 0;
	}
	if (fds)
		closedir(fds);
	return found;
}

size_t workers_clients(pid_t pid, int port, uint16_t *out, size_t max)
{
	FILE *f = fopen("/proc/self/net/tcp", "re");
	unsigned local, remote, state;
	unsigned long inode;
	char line[256];
	size_t count = 0;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%*d: %*x:%x %*x:%x %x %*s %*s %*s %*d %*d %lu", &local, &remote, &state,
			&inode) != 4 || (int)local != port || state != 1)
			continue;
		if (count < max && has_socket(pid, inode))
			out[count++] = (uint16_t)remote;
	}
	if (f)
		fclose(f);
	return count;
}
