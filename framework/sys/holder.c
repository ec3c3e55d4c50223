/* SPDX-License-Identifier: MIT */
/*
 * holder.c - which processes hold a socket.
 *
 * Processes come and go while /proc is read: what has gone is left out.
 */
#include "sys/holder.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct search {
	const unsigned long *inodes;
	size_t               count;
	bool                *told;       /* of the process at hand */
	time_t               boot;
	holder_each         *each;
	void                *arg;
};

/* ---- one process ---- */

static size_t read_at(int folder, const char *name, char *out, size_t room)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, out, room - 1) : -1;

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

/* A process chooses its name itself: no escape sequence of a stranger gets to a terminal. */
static void make_printable(char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isprint((unsigned char)text[i]))
			text[i] = text[i] == '\0' ? ' ' : '?';
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
}

/* "PID (name) S ..."; the name may have parentheses and spaces. Field 22 is
 * the start in clock ticks since the machine's. */
static void read_stat(int folder, time_t boot, struct holder *h)
{
	char stat[1024];
	unsigned long long ticks;
	long a_second = sysconf(_SC_CLK_TCK);

	read_at(folder, "stat", stat, sizeof(stat));
	char *name = strchr(stat, '('), *rest = strrchr(stat, ')');
	if (!name || !rest || rest < name)
		return;
	*rest++ = '\0';
	snprintf(h->program, sizeof(h->program), "%s", name + 1);
	make_printable(h->program, strlen(h->program));
	if (sscanf(rest, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		&ticks) == 1 && boot > 0 && a_second > 0)
		h->since = boot + (time_t)(ticks / (unsigned long long)a_second);
}

/* The folder's owner will not do: it is root if the process changed its user. */
static uid_t read_uid(int folder)
{
	char status[2048];
	unsigned uid;

	read_at(folder, "status", status, sizeof(status));
	const char *line = strstr(status, "\nUid:");
	return line && sscanf(line, "\nUid: %*u %u", &uid) == 1 ? uid : (uid_t)-1;
}

static void describe(int folder, time_t boot, struct holder *h)
{
	read_stat(folder, boot, h);
	make_printable(h->command, read_at(folder, "cmdline", h->command, sizeof(h->command)));
	h->uid = read_uid(folder);
}

static unsigned long socket_inode(int fds, const char *name)
{
	char target[64];
	unsigned long inode;
	ssize_t n = readlinkat(fds, name, target, sizeof(target) - 1);

	if (n <= 0)
		return 0;
	target[n] = '\0';
	return sscanf(target, "socket:[%lu]", &inode) == 1 ? inode : 0;
}

/* The index of inode among those that are asked for; count if it is not. */
static size_t find_inode(const struct search *s, unsigned long inode)
{
	size_t i = 0;

	while (i < s->count && s->inodes[i] != inode)
		i++;
	return i;
}

/* Descriptors come in ascending order: of several the lowest is told. */
static void look_through(struct search *s, int folder, DIR *fds, pid_t pid)
{
	struct holder h = { .pid = pid };
	const struct dirent *entry;

	memset(s->told, 0, s->count * sizeof(*s->told));
	while ((entry = readdir(fds))) {
		unsigned long inode = socket_inode(dirfd(fds), entry->d_name);
		size_t i = inode ? find_inode(s, inode) : s->count;

		if (i == s->count || s->told[i])
			continue;
		s->told[i] = true;
		if (!*h.program)
			describe(folder, s->boot, &h);
		h.inode = inode;
		h.fd = atoi(entry->d_name);
		s->each(s->arg, &h);
	}
}

static DIR *open_fds(int folder)
{
	int fd = openat(folder, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *fds = fd >= 0 ? fdopendir(fd) : NULL;

	if (fd >= 0 && !fds)
		close(fd);
	return fds;
}

/* A kernel thread has no command line, and no sockets of its own. */
static bool is_hidden(int folder, int error)
{
	char first[2];

	return error == EACCES && read_at(folder, "cmdline", first, sizeof(first)) > 0;
}

/* 1 if it could not be looked at. */
static int look_at(struct search *s, int proc, const char *name)
{
	int folder = openat(proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (folder < 0)
		return 0;
	DIR *fds = open_fds(folder);
	int hidden = !fds && is_hidden(folder, errno);
	if (fds) {
		look_through(s, folder, fds, (pid_t)atoi(name));
		closedir(fds);
	}
	close(folder);
	return hidden;
}

/* ---- all of them ---- */

static time_t read_boot(void)
{
	char line[256];
	long long boot = 0;
	FILE *f = fopen("/proc/stat", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "btime %lld", &boot) == 1)
			break;
	if (f)
		fclose(f);
	return (time_t)boot;
}

static int walk(struct search *s)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int hidden = 0;

	if (!proc)
		return -1;
	while ((entry = readdir(proc)))
		if (isdigit((unsigned char)*entry->d_name))
			hidden += look_at(s, dirfd(proc), entry->d_name);
	closedir(proc);
	return hidden;
}

static int walk_among(struct search *s, const pid_t *pids, size_t count)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int hidden = 0;

	if (proc < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		char name[16];
		snprintf(name, sizeof(name), "%d", (int)pids[i]);
		hidden += look_at(s, proc, name);
	}
	close(proc);
	return hidden;
}

static int begin(struct search *s)
{
	s->told = calloc(s->count, sizeof(*s->told));
	s->boot = read_boot();
	return s->told ? 0 : -1;
}

int holders_find(const unsigned long *inodes, size_t count, holder_each *each, void *arg)
{
	struct search s = { .inodes = inodes, .count = count, .each = each, .arg = arg };
	int hidden = 0;

	if (count > 0)
		hidden = begin(&s) < 0 ? -1 : walk(&s);
	free(s.told);
	return hidden;
}

int holders_find_among(const pid_t *pids, size_t pid_count, const unsigned long *inodes,
	size_t count, holder_each *each, void *arg)
{
	struct search s = { .inodes = inodes, .count = count, .each = each, .arg = arg };
	int hidden = 0;

	if (count > 0)
		hidden = begin(&s) < 0 ? -1 : walk_among(&s, pids, pid_count);
	free(s.told);
	return hidden;
}

/* ---- its flags ---- */

int holder_option(const struct holder *h, int level, int option)
{
	int process = pidfd_open(h->pid, 0);
	int fd = process >= 0 ? pidfd_getfd(process, h->fd, 0) : -1;
	struct stat st;
	int value = 0;
	socklen_t len = sizeof(value);
	bool known = fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == h->inode
		&& getsockopt(fd, level, option, &value, &len) == 0;

	if (fd >= 0)
		close(fd);
	if (process >= 0)
		close(process);
	return known ? value : -1;
}
