/* SPDX-License-Identifier: MIT */
/*
 * names.h - addresses of hosts, asked of name servers without waiting (c-ares).
 *
 * As getaddrinfo(3) has them: /etc/hosts and DNS in the order of nsswitch.conf(5), sorted by RFC
 * 6724.  resolv.conf(5) is read at the first question, and again at one before which it changed, as soon
 * as no other is open.  An answer is kept as long as it says, with whoever owns the name: so there are as
 * many as there are names.
 */
#ifndef PORTICO_NET_NAMES_H
#define PORTICO_NET_NAMES_H

#include <ev.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "sys/addr.h"

enum { NAME_ADDRS = 8 };         /* that are tried */

struct ares_channeldata;
struct names_watch;

struct names {                   /* all zero and a loop: nothing was asked yet */
	struct ev_loop          *loop;
	struct ares_channeldata *channel;
	unsigned                 open;           /* questions */
	ino_t                    file;           /* the resolv.conf that it was made by, */
	struct timespec          written;        /* as it was then */
	struct names_watch      *watches;        /* of its sockets */
	ev_timer                 timer;
};

struct name_asker {              /* embedded in who asks */
	struct name_asker *next;
	void             (*answered)(struct name_asker *);
};

struct name {
	char               host[ADDR_HOST];
	int                port;         /* that its addresses get */
	struct names      *names;
	struct addr        addrs[NAME_ADDRS];
	unsigned           count;
	int                error;        /* why there are none: ENOENT (there is no such host), EAGAIN (no
					  * server answers), EMFILE, ENFILE, ENOMEM or ECANCELED */
	double             until;        /* clock_seconds(): so long they hold */
	bool               asking;
	struct name_asker *askers;
};

/* asker->answered() is called once, maybe from within: n is as it is then. */
void name_ask(struct name *n, struct name_asker *asker);
void name_forget(struct name *n, struct name_asker *asker);      /* who does not ask: fine */

/* Whatever is asked ends with ECANCELED first. */
void names_fini(struct names *all);

#endif
