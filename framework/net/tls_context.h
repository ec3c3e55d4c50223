/* SPDX-License-Identifier: MIT */
/*
 * tls_context.h - what all TLS streams of a service share: certificates, keys, rules.
 *
 * Made before the worker drops its privileges, since a key may be root's alone to
 * read; a reload makes workers, and they read it anew.
 *
 * The rules are Mozilla's "intermediate" without DHE: TLS 1.2 and 1.3, forward secrecy
 * and AEAD only, no compression, no renegotiation, sessions in tickets alone.
 */
#ifndef PORTICO_NET_TLS_CONTEXT_H
#define PORTICO_NET_TLS_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "config/config.h"
#include "config/problem.h"

struct ssl_ctx_st;
struct ssl_st;
struct ticket_keys;

struct tls_context;

/* For a service that has tls_certificate; c and tickets are borrowed until
 * tls_context_destroy().  tickets NULL: none are given.  What is wrong goes to
 * problems, what is only unwise to warnings if that is not NULL.  NULL if anything
 * is wrong. */
struct tls_context *tls_context_create(const struct config_service *c,
	const struct ticket_keys *tickets, struct problems *problems, struct problems *warnings);
void tls_context_destroy(struct tls_context *t);         /* NULL is fine */

/* The first certificate's: with what every handshake begins. */
struct ssl_ctx_st *tls_context_first(struct tls_context *t);

/* Whose certificate fits name, which a client asked for: an exact name before a
 * wildcard; NULL: nobody's. */
struct ssl_ctx_st *tls_context_for(struct tls_context *t, const char *name);

/* When certificate number i of the configuration's ends, in seconds since 1970; 0: not known. */
time_t tls_context_ends(const struct tls_context *t, size_t i);

bool tls_context_is_http(const struct ssl_st *ssl);

#endif
