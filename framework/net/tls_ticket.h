/* SPDX-License-Identifier: MIT */
/*
 * tls_ticket.h - session tickets with the keys of sys/ticket.h.
 */
#ifndef PORTICO_NET_TLS_TICKET_H
#define PORTICO_NET_TLS_TICKET_H

#include <openssl/ssl.h>

struct ticket_keys;

/* Tickets of ctx are closed and opened with keys, borrowed as long as ctx lives.  -1. */
int tls_ticket_use(SSL_CTX *ctx, const struct ticket_keys *keys);

#endif
