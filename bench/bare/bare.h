/* SPDX-License-Identifier: MIT */
/*
 * bare.h - what the bare servers have in common.
 *
 * A bare server is the floor that portico is measured against: one thread, one loop, level
 * triggered, one function for a connection that is ready.  No timeouts, no limits, no logs.  The
 * loop is epoll.c or ev.c, whichever the program is linked with; common.c belongs to both.
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
	void *loop; /* the loop's own */
};

/* What conn_ready waits for next; one at a time. */
enum bare_wait { BARE_READABLE, BARE_WRITABLE };

struct bare_server {
	size_t conn_size;			    /* of the struct that begins with a bare_conn */
	int (*conn_ready)(struct bare_conn *conn);  /* 0, or -1: close this connection */
	void (*conn_close)(struct bare_conn *conn); /* before the close; may be NULL */
	void (*second)(void);			    /* at start and once a second; may be NULL */
};

/* Serves ADDRESS and PORT until SIGTERM. */
_Noreturn void bare_serve(const char *address, const char *port, const struct bare_server *server);

/* A connection waits to be readable from the start on. */
void bare_conn_wait(struct bare_conn *conn, enum bare_wait what);

/* ---- common.c ---- */

/* epoll_ctl(2) with a pointer for data; ends the program when it fails. */
void bare_epoll(int epoll, int op, int fd, uint32_t events, void *who);

/* A numeric address and port; freeaddrinfo() is the caller's.  Ends the program when it fails. */
struct addrinfo *bare_resolve(const char *address, const char *port, int socktype);

/* A non-blocking socket that is bound to them, and for SOCK_STREAM listens. */
int bare_listen(const char *address, const char *port, int socktype);

/* The next connection of a listener, non-blocking, or -1: no more for now. */
int bare_accept(int listener);

/* Says what failed and why (errno), and ends the program. */
_Noreturn void bare_fail(const char *what);

/* Says how the program is called, and ends it. */
_Noreturn void bare_usage(const char *arguments);

#endif
