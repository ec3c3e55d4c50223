/* SPDX-License-Identifier: MIT */
/*
 * redis_wire.h - how a Redis is reached, and commands as it reads them.
 */
#ifndef PORTICO_NET_REDIS_WIRE_H
#define PORTICO_NET_REDIS_WIRE_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/buf.h"
#include "sys/addr.h"

struct redis_server {            /* borrowed by all that speak to it */
	const char        *name;         /* for the log */
	struct addr        addr;
	struct sockaddr_un path;         /* sun_family is 0: it is at addr */
	const char        *user;         /* NULL: its default user */
	const char        *password;     /* NULL: it wants none */
	double             timeout;      /* seconds to connect, and for an answer */
};

struct redis_word {
	const void *bytes;
	size_t      len;
};

enum { REDIS_WORDS = 8 };        /* of a command at most */

/* A socket that is connecting, or connected.  -1 and errno. */
int redis_wire_dial(const struct redis_server *server);

/* A command, behind what is there.  -1 and ENOMEM.  It is no longer than redis_wire_size(). */
int    redis_wire_append(struct buf *out, const struct redis_word *words, int count);
size_t redis_wire_size(const struct redis_word *words, int count);

#endif
