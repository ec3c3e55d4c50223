/* SPDX-License-Identifier: MIT */
/*
 * note.h - what the notes have in common: addresses as text, sockets that
 * listen or connect, and an end with a reason.
 */
#ifndef PORTICO_NOTE_H
#define PORTICO_NOTE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	NOTE_UDP       = 1,      /* otherwise TCP */
	NOTE_REUSEPORT = 2,
	NOTE_DUAL      = 4,      /* an IPv6 socket takes IPv4, too */
	NOTE_BARE      = 8,      /* TCP without SO_REUSEADDR, which servers set */
};

struct note_addr {               /* plain value */
	struct sockaddr_storage addr;
	socklen_t               len;
};

/* address: a number, "127.0.0.1" or "::". */
struct note_addr note_addr(const char *address, uint16_t port);

/* A socket that is bound to it, and listens if it is TCP's.  -1 and errno. */
int note_listen(const char *address, uint16_t port, int flags);

/* A TCP connection to it, from local if that is not NULL.  -1 and errno. */
int note_connect(const char *address, uint16_t port, const struct note_addr *local);

/* "127.0.0.1:7180" of this end and of the other; valid for the next eight calls. */
const char *note_local(int fd);
const char *note_remote(int fd);
uint16_t note_local_port(int fd);

/* Ends the program with what, and errno if it is not 0, unless it is so. */
void note_must(bool so, const char *what);

#endif
