/* SPDX-License-Identifier: MIT */
/*
 * diag.h - the sockets of this network namespace, whoever they belong to (sock_diag(7)).
 *
 * No privilege is needed.  What the kernel does not tell is whether a socket
 * has SO_REUSEPORT: sys/holder.h looks for that in the processes.
 */
#ifndef PORTICO_SYS_DIAG_H
#define PORTICO_SYS_DIAG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sys/addr.h"

struct diag_socket {             /* plain value */
	struct addr   addr;      /* where it is bound, with the port */
	int           type;      /* SOCK_STREAM, SOCK_DGRAM */
	int           state;     /* TCP_LISTEN, TCP_CLOSE (bound only, or UDP), ... of tcp.h */
	uid_t         uid;       /* who made it: what the kernel compares in a group */
	unsigned long inode;     /* of "socket:[N]" in /proc/PID/fd; 0: in no process */
	uint32_t      queue;     /* TCP: connections that wait for accept(2); UDP: bytes */
	int64_t       limit;     /* of queue; -1: not told */
	int           v6only;    /* 1, 0; -1: not told.  1 for IPv4, which has no other way */
	unsigned      device;    /* of SO_BINDTODEVICE, an interface's index; 0: of all */
	uint64_t      cookie;    /* SO_COOKIE; 0: not told */
};

enum diag_which {
	DIAG_LISTENERS,          /* TCP: listening; UDP: all.  However many connections there are */
	DIAG_HOLDERS,            /* TCP: listening, or bound only; UDP: all */
	DIAG_ALL,                /* TCP connections as well, also those in TIME_WAIT */
};

typedef void diag_each(void *arg, const struct diag_socket *s);

/* Calls each for every socket of type whose local port is port, IPv4 first.
 * TCP sockets that are bound but do not listen are told since Linux 6.8 only.
 * 0, or -1 and errno if neither netlink nor /proc is to be had. */
int diag_sockets(int type, uint16_t port, enum diag_which which, diag_each *each, void *arg);

/* The same from /proc/net, which diag_sockets() uses where a sandbox forbids
 * netlink: family is one only; no limit, v6only, device, cookie, and nothing
 * that is bound only. */
int diag_sockets_proc(int family, int type, uint16_t port, enum diag_which which,
	diag_each *each, void *arg);

/* Whether s is in the way of a socket that is to be bound to a, on device (0: all):
 * the same port and address, or one of both is a wildcard.  A wildcard of
 * IPv6 covers IPv4 too unless v6only (of a, and of s: not told counts as 0). */
bool diag_meets(const struct diag_socket *s, const struct addr *a, bool v6only, unsigned device);

#endif
