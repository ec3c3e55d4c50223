/* SPDX-License-Identifier: MIT */
/*
 * control_name.h - where the master of a configuration file is found.
 */
#ifndef PORTICO_MASTER_CONTROL_NAME_H
#define PORTICO_MASTER_CONTROL_NAME_H

#include <sys/socket.h>
#include <sys/un.h>

/* The address for path, or without one (NULL) an abstract name (unix(7)) made
 * of the real path of file.  Gives its length; 0 with errno ENAMETOOLONG or of
 * realpath(3). */
socklen_t control_name(const char *file, const char *path, struct sockaddr_un *out);

#endif
