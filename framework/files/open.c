/* SPDX-License-Identifier: MIT */
/* open.c - a path to a descriptor, never outside of root. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "files/files.h"

/* A FIFO must not hold us up, and a terminal not become ours. */
enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

static int open_beneath(const struct site *s, const char *path)
{
	struct open_how how = {
		.flags = OPEN_FLAGS,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS
			| (s->symlinks ? 0 : RESOLVE_NO_SYMLINKS),
	};
	int fd = -1;

	/* EAGAIN: somebody renamed something meanwhile (openat2(2)). */
	for (int i = 0; i < 8 && fd < 0 && (i == 0 || errno == EAGAIN); i++)
		fd = (int)syscall(SYS_openat2, s->fd, path, &how, sizeof(how));
	return fd;
}

/* Takes dir. */
static int step(int dir, const char *name, int flags)
{
	int fd = openat(dir, name, flags | O_NOFOLLOW | O_CLOEXEC);
	int error = errno;

	close(dir);
	errno = error;
	return fd;
}

/* Where there is no openat2(2).  path is relative and has no "..": is_shown(). */
static int open_stepwise(const struct site *s, const char *path)
{
	char name[NAME_MAX + 1];
	int dir = fcntl(s->fd, F_DUPFD_CLOEXEC, 0);

	while (dir >= 0) {
		size_t len = strcspn(path, "/"), slashes = strspn(path + len, "/");
		if (len >= sizeof(name)) {
			close(dir);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, path, len);
		name[len] = '\0';
		path += len + slashes;
		if (!*path)
			return step(dir, len ? name : ".", OPEN_FLAGS | (slashes ? O_DIRECTORY : 0));
		dir = step(dir, name, O_PATH | O_DIRECTORY);
	}
	return -1;
}

int site_open_file(const struct site *s, const char *path, struct stat *st)
{
	int fd = s->openat2 ? open_beneath(s, path) : open_stepwise(s, path);

	if (fd < 0 || fstat(fd, st) == 0)
		return fd;
	close(fd);
	return -1;
}

/* No "." and "..", which a path that was routed has not, and no hidden names. */
static bool is_shown(const struct site *s, const char *path)
{
	for (; path; path = strchr(path, '/')) {
		path += strspn(path, "/");
		size_t len = strcspn(path, "/");
		if (*path == '.' && (!s->dot_files || len == 1 || (len == 2 && path[1] == '.')))
			return false;
	}
	return true;
}

const char *site_name(const struct site *s, const char *path)
{
	size_t len = strlen(s->prefix);

	while (len > 0 && s->prefix[len - 1] == '/')
		len--;
	if (strncmp(path, s->prefix, len) != 0 || (path[len] != '/' && path[len] != '\0'))
		return NULL;
	path += len + strspn(path + len, "/");
	return is_shown(s, path) ? path : NULL;
}

/* ---- the root ---- */

/* Older kernels do not know it, and older containers forbid what they do not know. */
static bool has_openat2(struct site *s)
{
	struct stat st;

	s->openat2 = true;
	int fd = site_open_file(s, ".", &st);
	if (fd < 0)
		return errno != ENOSYS && errno != EPERM;
	close(fd);
	return true;
}

int site_open(struct portico_service *service, struct site *s)
{
	s->fd = open(s->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->fd < 0) {
		portico_log(service, PORTICO_ERROR, "root = %s: %s", s->root, strerror(errno));
		return -1;
	}
	s->open = true;
	s->openat2 = has_openat2(s);
	if (!s->openat2 && s->symlinks)
		portico_log(service, PORTICO_WARN, "symlinks = yes is without effect: openat2(2) is "
			"not to be had here");
	return 0;
}

void site_close(struct site *s)
{
	if (s->open)
		close(s->fd);
}
