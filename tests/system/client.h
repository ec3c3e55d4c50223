/* SPDX-License-Identifier: MIT */
/*
 * client.h - clients of a server under test: TCP, HTTP, UDP.
 *
 * Blocking sockets that give up after PATIENCE.  Ports are of 127.0.0.1
 * unless an address is named.
 */
#ifndef SYSTEM_CLIENT_H
#define SYSTEM_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The connected socket, or -1 and errno. */
int  client_try_connect(const char *host, int port);
int  client_connect(int port);            /* or the test fails */
/* For thousands: number n from another address each thousand, whose ports rest for a minute. */
int  client_connect_from(unsigned n, int port);
bool client_is_refused(const char *host, int port);
/* Waits until the port is refused. */
void client_await_refusal(int port);

/* The other side: a listening socket. */
int  listen_on(int port);

void client_send(int fd, const void *data, size_t len);
void client_says(int fd, const char *text);
void client_ends(int fd);                 /* sends no more, still reads */

/* What is read until the end: its length, or why there is none. */
#define CLIENT_RESET   (-1)
#define CLIENT_TIMEOUT (-2)
long client_read_all(int fd, char *out, size_t room);
/* Exactly len bytes, or the test fails. */
void client_read(int fd, void *out, size_t len);
/* Nothing comes in that time, and no end either. */
bool client_hears_nothing(int fd, double seconds);
/* Asserts that fd comes to its end, or to a reset if that is allowed, and closes it. */
void client_expect_end(int fd, bool or_reset);

/* ---- HTTP ---- */

struct response {
	int    status;
	char   head[8192];       /* up to the empty line */
	char  *body;             /* NUL-terminated, static storage */
	size_t len;
	bool   close;            /* it said Connection: close */
};

enum { RESPONSE_ROOM = 1 << 20 };

/* Reads one response.  false when the connection ended before it was whole. */
bool client_response(int fd, struct response *r);
bool client_response_to_head(int fd, struct response *r);   /* has no body */
/* A header's value, or NULL; static. */
const char *response_header(const struct response *r, const char *name);

/* Says GET on fd and reads the answer, which is whole or the test fails. */
void client_get(int fd, const char *path, struct response *r);
/* The same on a connection of its own; gives the body, static. */
const char *http_get(int port, const char *path);
int  http_status(int port, const char *path);
/* Sends raw bytes on a connection of its own and gives the first answer's status, 0 if none. */
int  http_raw(int port, const char *bytes, struct response *r);

/* ---- UDP ---- */

int  udp_client(const char *host, int port);
/* Sends and waits for one answer, which goes to out: its length. */
size_t udp_ask(int fd, const void *data, size_t len, void *out, size_t room);

#endif
