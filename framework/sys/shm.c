/* SPDX-License-Identifier: MIT */
/*
 * shm.c - memory that processes share: over fork(2) as it is, over exec(2) by its descriptor.
 */
#include "sys/shm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int shm_create(const char *name, size_t size)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (ftruncate(fd, (off_t)size) == 0
		&& fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		return fd;
	int error = errno;
	close(fd);
	errno = error;
	return -1;
}

ssize_t shm_size(int fd, size_t least)
{
	struct stat file;

	if (fstat(fd, &file) < 0)
		return -1;
	if (file.st_size >= (off_t)least)
		return file.st_size;
	errno = EINVAL;
	return -1;
}

void *shm_map(int fd, size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}
