/* SPDX-License-Identifier: MIT */
/*
 * shm.h - memory that processes share: over fork(2) as it is, over exec(2) by its descriptor.
 */
#ifndef PORTICO_SYS_SHM_H
#define PORTICO_SYS_SHM_H

#include <stddef.h>
#include <sys/types.h>

/* A file in memory (memfd_create(2)), all zero, and of that size for good: a worker that made it
 * shorter would end the others by SIGBUS.  -1 and errno. */
int shm_create(const char *name, size_t size);

/* The size of what another program made.  -1 and errno: EINVAL if it is smaller than least. */
ssize_t shm_size(int fd, size_t least);

/* To read and write, until munmap(2).  NULL and errno. */
void *shm_map(int fd, size_t size);

#endif
