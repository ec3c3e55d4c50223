/* SPDX-License-Identifier: MIT */
/*
 * tls_client.h - TLS towards a server: whom to believe, and by which name.
 */
#ifndef PORTICO_NET_TLS_CLIENT_H
#define PORTICO_NET_TLS_CLIENT_H

#include <stdbool.h>

struct tls;
struct tls_client;

/* ca: a PEM file of those who may have signed the server's certificate; NULL: the system's.  name: what the
 * certificate must be of, a host or an address, and what is asked for (SNI).  With unverified
 * anybody is believed.  What is needed of the system's is read in each handshake.  NULL and
 * errno: of opening ca, EINVAL (no certificates in it, or a name that is none), ENOMEM. */
struct tls_client *tls_client_create(const char *ca, const char *name, bool unverified);
void               tls_client_destroy(struct tls_client *c);     /* NULL is fine */

/* fd is borrowed until tls_close().  NULL and ENOMEM. */
struct tls *tls_client_open(struct tls_client *c, int fd);

/* Of a handshake that failed: EKEYREJECTED (its certificate is not believed), or EPROTO. */
int tls_client_error(const struct tls *t);

#endif
