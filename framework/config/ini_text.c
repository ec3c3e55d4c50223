/* SPDX-License-Identifier: MIT */
/*
 * ini_text.c - a whole file in memory.
 */
#include "config/ini_text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/ini.h"

static int refuse(const char **why, const char *sentence)
{
	*why = sentence;
	errno = EINVAL;
	return -1;
}

static int system_error(const char **why)
{
	int error = errno;

	if (error == ENOENT)
		*why = "there is no such file; correct the name";
	else if (error == EACCES)
		*why = "permission denied; let this user read it";
	else
		*why = strerror(error);
	errno = error;
	return -1;
}

static int check_type(const struct stat *st, const char **why)
{
	if (S_ISDIR(st->st_mode))
		return refuse(why, "is a directory; name a file");
	if (!S_ISREG(st->st_mode))
		return refuse(why, "is not a regular file; name one");
	return 0;
}

/* stat(2) comes first: opening a device may do things to it. */
static int open_regular(const char *name, struct stat *st, const char **why)
{
	if (stat(name, st) < 0)
		return system_error(why);
	if (check_type(st, why) < 0)
		return -1;
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return system_error(why);
	if ((fstat(fd, st) < 0 && system_error(why) < 0) || check_type(st, why) < 0) {
		int error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* What fd holds, up to room bytes; -1 with errno. */
static ssize_t read_all(int fd, char *bytes, size_t room)
{
	size_t len = 0;

	while (len < room) {
		ssize_t n = read(fd, bytes + len, room - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* One byte more than is allowed shows that there is more. */
static int read_text(struct ini_text *t, int fd, const char **why)
{
	t->bytes = malloc(INI_FILE + 1);
	ssize_t len = t->bytes != NULL ? read_all(fd, t->bytes, INI_FILE + 1) : -1;
	if (len < 0)
		return system_error(why);
	if (len == 0)
		return refuse(why, "is empty; write a section or name another file");
	if (len > INI_FILE)
		return refuse(why, "has more than 1 MiB; name another file");
	t->len = (size_t)len;
	if (len >= 4 && memcmp(t->bytes, "\177ELF", 4) == 0)
		return refuse(why, "is a program or a plugin, not a configuration; portico run PLUGIN.so "
			"serves a plugin without one");
	return 0;
}

int ini_text_open(struct ini_text *t, const char *name, const char **why)
{
	*t = (struct ini_text){0};
	int fd = open_regular(name, &t->st, why);
	if (fd < 0)
		return -1;
	int rc = read_text(t, fd, why);
	int error = errno;
	close(fd);
	if (rc < 0)
		ini_text_close(t);
	errno = error;
	return rc;
}

void ini_text_close(struct ini_text *t)
{
	free(t->bytes);
	t->bytes = NULL;
}
