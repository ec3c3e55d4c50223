/* SPDX-License-Identifier: MIT */
/*
 * sockets.h - the sockets that a worker serves: its slot's own, those of
 * siblings that it has borrowed, those that it keeps because their address ends.
 */
#ifndef PORTICO_WORKER_SOCKETS_H
#define PORTICO_WORKER_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>

#include "service/service.h"

struct borrowed;
struct message;
struct worker_birth;

struct sockets {
	const struct worker_birth *birth;
	struct service           **services;
	struct borrowed           *borrowed;
	bool                       serving;
	const char                *unserved; /* a service for which there was no memory; NULL: none */
};

void sockets_init(struct sockets *s, const struct worker_birth *birth, struct service **services);
void sockets_fini(struct sockets *s);

void sockets_serve(struct sockets *s);           /* the slot's own */

/* MESSAGE_LEND, MESSAGE_KEEP, MESSAGE_RETURN.  fd becomes its own.  What is lent before
 * sockets_serve() waits for it. */
void sockets_lend(struct sockets *s, const struct message *m, int fd);
void sockets_keep(struct sockets *s, const struct message *m);
void sockets_return(struct sockets *s, const struct message *m);

/* No new clients from now on, but for what is kept. */
void sockets_retire(struct sockets *s, enum service_end how, double idle);
void sockets_let_go(struct sockets *s);          /* empties and drops what is kept */
bool sockets_keep_any(const struct sockets *s);

#endif
