/* SPDX-License-Identifier: MIT */
/*
 * local.h - unix sockets that listen: unix(7).
 */
#ifndef PORTICO_SYS_LOCAL_H
#define PORTICO_SYS_LOCAL_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/* The name of path, which has at most LOCAL_PATH bytes. */
enum { LOCAL_PATH = sizeof(((struct sockaddr_un *)0)->sun_path) - 1 };

/* A stream socket that listens at name, non-blocking; a path that nobody listens on, left by a
 * crash, is taken away first.  mode: of the file.  -1 and errno, EADDRINUSE also if there is
 * something else at the path. */
int local_listen(const struct sockaddr_un *name, socklen_t len, mode_t mode, int backlog);

/* The same by its path.  ENAMETOOLONG. */
int local_listen_at(const char *path, mode_t mode, int backlog);

/* A descriptor that this process has already, through an exec(2), and that listens at path; or -1. */
int local_inherited(const char *path);

struct local_file {              /* which socket a path leads to; zeroed: to none */
	dev_t device;
	ino_t inode;
};

struct local_file local_file_at(const char *path);
bool local_is_at(const char *path, const struct local_file *file);   /* to that one, still */

#endif
