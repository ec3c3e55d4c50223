/* SPDX-License-Identifier: MIT */
/*
 * secure.h - the certificates and keys of all services, read while the worker may.
 */
#ifndef PORTICO_WORKER_SECURE_H
#define PORTICO_WORKER_SECURE_H

#include <stdbool.h>

#include "config/config.h"
#include "config/problem.h"

struct ticket_keys;
struct tls_context;

struct secure {
	struct tls_context **contexts;   /* one a service, NULL without TLS */
	size_t               count;
};

/* Before privileges are dropped.  What is wrong goes to problems; what is only unwise to
 * the log if warn.  0, or -1 with a problem told. */
int  secure_load(struct secure *s, const struct config *c, struct ticket_keys *tickets,
	bool warn, struct problems *problems);
void secure_fini(struct secure *s);      /* the services are gone */

#endif
