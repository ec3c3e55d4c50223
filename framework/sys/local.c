/* SPDX-License-Identifier: MIT */
/*
 * local.c - unix sockets that listen.
 */
#include "sys/local.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void remove_stale(const struct sockaddr_un *name, socklen_t len)
{
	struct stat what;

	/* connect(2) refuses what is no socket with the same error. */
	if (lstat(name->sun_path, &what) < 0 || !S_ISSOCK(what.st_mode))
		return;
	/* Who has a full queue is there, and might never take us. */
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (connect(fd, (const struct sockaddr *)name, len) < 0 && errno == ECONNREFUSED)
		unlink(name->sun_path);
	close(fd);
}

int local_listen(const struct sockaddr_un *name, socklen_t len, mode_t mode, int backlog)
{
	if (name->sun_path[0])
		remove_stale(name, len);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	mode_t mask = umask(~mode & 0777);
	int result = bind(fd, (const struct sockaddr *)name, len);
	umask(mask);
	if (result == 0 && listen(fd, backlog) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

int local_listen_at(const char *path, mode_t mode, int backlog)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	if (strlen(path) > LOCAL_PATH) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(name.sun_path, path);
	return local_listen(&name, sizeof(name), mode, backlog);
}

static bool listens_at(int fd, const char *path)
{
	struct sockaddr_un name = {0};
	socklen_t len = sizeof(name) - 1, size = sizeof(int);
	int listens = 0;

	return getsockname(fd, (struct sockaddr *)&name, &len) == 0 && name.sun_family == AF_UNIX
		&& strcmp(name.sun_path, path) == 0
		&& getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}

int local_inherited(const char *path)
{
	DIR *all = opendir("/proc/self/fd");
	const struct dirent *one;
	int found = -1;

	while (all && found < 0 && (one = readdir(all))) {
		int fd = atoi(one->d_name);      /* 0 for . and .. */
		if (fd > 2 && fd != dirfd(all) && listens_at(fd, path))
			found = fd;
	}
	if (all)
		closedir(all);
	if (found >= 0)
		(void)fcntl(found, F_SETFD, FD_CLOEXEC);
	return found;
}

struct local_file local_file_at(const char *path)
{
	struct stat what;

	if (lstat(path, &what) < 0 || !S_ISSOCK(what.st_mode))
		return (struct local_file){0};
	return (struct local_file){ .device = what.st_dev, .inode = what.st_ino };
}

bool local_is_at(const char *path, const struct local_file *file)
{
	struct local_file now = local_file_at(path);

	return now.inode != 0 && now.inode == file->inode && now.device == file->device;
}
