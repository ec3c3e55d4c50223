/* SPDX-License-Identifier: MIT */
/*
 * space.h - the network that the rig runs in, apart from the machine's own.
 *
 *	 client's namespace               server's namespace
 *	 10.77.0.2 ... .17  tun ──┐   ┌── tun  10.77.0.1
 *	                          relay
 *
 * Without a round trip there is one namespace, with nothing but its loopback.
 * The namespaces vanish with the last process in them.
 */
#ifndef RIG_SPACE_H
#define RIG_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "sys/addr.h"

enum { SPACE_SOURCES = 16 };

struct space {
	int         server;      /* namespaces, to be entered; -1: there is only one */
	int         client;
	int         tuns[2];     /* the client's, the server's; -1: none */
	struct addr address;     /* of the server, port 0 */
	struct addr source;      /* the first of SPACE_SOURCES; family 0: any */
};

/* Moves this process into the client's namespace.  With a relay: into one of
 * two with a TUN device each.  -1 and errno, with *what a word for what failed. */
int  space_make(struct space *s, bool relayed, const char **what);
/* For a child before exec, for whom this is all of the space. */
int  space_enter_server(const struct space *s);
/* Packets that a TUN device had no room for; a valid run has none. */
uint64_t space_drops(const struct space *s);

#endif
