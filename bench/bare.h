/* SPDX-License-Identifier: MIT */
/*
 * bare.h - what the bare epoll servers and the echo load have in common.
 *
 * A bare server is the floor that portico is measured against: one thread, one epoll, level
 * triggered, one function for a connection that is ready.  No timeouts, no limits, no logs.
 */
#ifndef PORTICO_BENCH_BARE_H
#define PORTICO_BENCH_BARE_H

#include <netdb.h>
#include <stddef.h>
#include <stdint.h>

/* The first member of a server's own connection.  The loop allocates, zeroes, closes and frees it.
 */
struct bare_conn {
	int fd;
	int epoll;
};

struct bare_server {
	size_t conn_size;			   /* of the struct that begins with a bare_conn */
	int (*conn_ready)(struct bare_conn *conn); /* 0, or -1: close this connection */
	void (*second)(void);			   /* at start and once a second; may be NULL */
};

/* Serves `program ADDR PORT` until SIGTERM.  Says "ready" on stdout once it listens. */
_Noreturn void bare_main(int argc, char **argv, const struct bare_server *server);

/* Asks for events on a connection that is already in its loop. */
void bare_conn_watch(struct bare_conn *conn, uint32_t events);

/* epoll_ctl(2) with a pointer for data; ends the program when it fails. */
void bare_epoll(int epoll, int op, int fd, uint32_t events, void *who);

/* A numeric address and port for TCP; freeaddrinfo() is the caller's.  Ends the program when it
 * fails. */
struct addrinfo *bare_resolve(const char *address, const char *port);

/* Says what failed and why (errno), and ends the program. */
_Noreturn void bare_fail(const char *what);

#endif
