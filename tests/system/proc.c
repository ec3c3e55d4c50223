/* SPDX-License-Identifier: MIT */
/*
 * proc.c - what /proc says: proc(5).
 */
#include "proc.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"

enum { TCP_LISTEN_STATE = 0x0a, UDP_BOUND_STATE = 0x07 };

size_t proc_sockets(const char *table, int port, unsigned long *out, size_t max)
{
	char path[64], line[512];
	size_t count = 0;
	bool tcp = strncmp(table, "tcp", 3) == 0;
	unsigned wanted = tcp ? TCP_LISTEN_STATE : UDP_BOUND_STATE;

	snprintf(path, sizeof(path), "/proc/self/net/%s", table);
	FILE *f = fopen(path, "re");
	cr_assert_not_null(f);
	while (count < max && fgets(line, sizeof(line), f)) {
		unsigned local_port, state;
		unsigned long inode;
		if (sscanf(line, " %*d: %*[0-9A-F]:%x %*[0-9A-F]:%*x %x %*x:%*x %*x:%*x %*x %*d %*d %lu",
			&local_port, &state, &inode) != 3)
			continue;
		if (tcp && state != wanted)
			break;           /* who listens is told first; thousands may follow */
		if (local_port == (unsigned)port && state == wanted)
			out[count++] = inode;
	}
	fclose(f);
	return count;
}

const char *proc_descriptors(pid_t pid)
{
	static char text[1 << 20];
	char folder[64], link[512], target[256];
	size_t len = 0;
	struct dirent *entry;

	text[0] = '\0';
	snprintf(folder, sizeof(folder), "/proc/%d/fd", (int)pid);
	DIR *d = opendir(folder);
	while (d && (entry = readdir(d))) {
		snprintf(link, sizeof(link), "%s/%s", folder, entry->d_name);
		ssize_t n = readlink(link, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\n", target);
		cr_assert_lt(len, sizeof(text), "pid %d has too many descriptors", (int)pid);
	}
	if (d)
		closedir(d);
	return text;
}

size_t proc_holds(pid_t pid, const unsigned long *inodes, size_t count)
{
	const char *text = proc_descriptors(pid);
	size_t held = 0;

	for (size_t i = 0; i < count; i++) {
		char name[64];
		snprintf(name, sizeof(name), "socket:[%lu]\n", inodes[i]);
		held += strstr(text, name) != NULL;
	}
	return held;
}

const char *proc_status(pid_t pid, const char *name)
{
	static char value[256];
	char path[64], start[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	snprintf(start, sizeof(start), "\n%s:", name);
	const char *at = strstr(read_file(path), start);
	if (!at)
		return "";
	at += strlen(start);
	at += strspn(at, " \t");
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\n"), at);
	return value;
}

long proc_rss_kib(pid_t pid)
{
	return strtol(proc_status(pid, "VmRSS"), NULL, 10);
}

/* Fields 14 and 15 of /proc/PID/stat. */
double proc_cpu_seconds(pid_t pid)
{
	char path[64];
	unsigned long user = 0, system = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	const char *rest = strrchr(read_file(path), ')');
	if (rest)
		sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}
