/* SPDX-License-Identifier: MIT */
/*
 * dial.h - from the name of a server to a connection with it: look-up, connect, TLS handshake.
 *
 *	name --> address 1: connect --> handshake --> there
 *	           | failed, or its part of the time is over
 *	         address 2 ...
 *
 * An address has an equal part of the time that is left, with those behind it.
 */
#ifndef PORTICO_NET_DIAL_H
#define PORTICO_NET_DIAL_H

#include <ev.h>
#include <stdbool.h>
#include <sys/un.h>

#include "net/names.h"
#include "sys/addr.h"

struct tls;
struct tls_client;

struct dial_to {                 /* one for all who go there */
	struct ev_loop    *loop;
	struct name        name;     /* its until is far away if it is an address */
	struct sockaddr_un path;     /* if its family is set: there instead */
	struct tls_client *tls;      /* NULL: none */
	double             timeout;  /* seconds for all of it */
};

/* HOST:PORT, [IPV6]:PORT or unix:PATH to t->name and t->path, whose names are names; -1 and *why. */
int dial_parse(struct dial_to *t, struct names *names, const char *text, const char **why);

struct dial {                    /* embedded in who dials */
	struct dial_to   *to;
	void            (*done)(struct dial *);
	struct name_asker asker;
	ev_io             io;
	ev_timer          timer;
	double            end;       /* clock_seconds(): of all of it */
	double            due;       /* of this address */
	struct addr       addrs[NAME_ADDRS];
	unsigned          count, next;       /* addresses: there are; to try next */
	bool              looked;    /* at the socket, when it was late */
	int               error;     /* of done(): 0, or why the last address failed, or the name */
	int               fd;        /* of done() without an error: the callee's own, like tls */
	struct tls       *tls;
};

/* done() is called once, maybe from within, unless dial_abort() comes first.  error: of
 * connect(2), ETIMEDOUT, of names.h, of tls_client_error(), ECONNRESET. */
void dial_begin(struct dial *d, struct dial_to *to, void (*done)(struct dial *));
void dial_abort(struct dial *d);

#endif
