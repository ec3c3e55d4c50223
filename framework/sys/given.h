/* SPDX-License-Identifier: MIT */
/*
 * given.h - sockets that a service manager opened for this process: the protocol of sd_listen_fds(3).
 */
#ifndef PORTICO_SYS_GIVEN_H
#define PORTICO_SYS_GIVEN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "sys/addr.h"

enum { GIVEN_NAME = 64 };

struct given {
	int         fd;
	int         type;                /* SOCK_STREAM, SOCK_DGRAM */
	struct addr addr;                /* sa_family 0: it is none of the internet's */
	bool        shared;              /* SO_REUSEPORT is set */
	bool        both;                /* IPv6, and takes IPv4 too */
	uid_t       owner;
	char        name[GIVEN_NAME];    /* $LISTEN_FDNAMES: the unit's, or FileDescriptorName= */
};

/* How many there are, close-on-exec from now on; 0 if they are meant for another process. */
size_t given_count(void);

/* Number i of them, from 0. */
void given_look(size_t i, struct given *out);

/* They have been looked at: nobody is told of them any more. */
void given_forget(void);

#endif
