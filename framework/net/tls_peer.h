/* SPDX-License-Identifier: MIT */
/*
 * tls_peer.h - what TLS knows of the client at the other end.
 */
#ifndef PORTICO_NET_TLS_PEER_H
#define PORTICO_NET_TLS_PEER_H

#include "portico.h"

struct tls;

/* Fills out, which is plain memory, whatever was there.  t may be NULL: its connection is in
 * clear, or its transport is gone.  0, or -1 with ENOTCONN (there is none, or its handshake
 * is not over) or ENOMEM. */
int tls_peer(const struct tls *t, struct portico_tls *out);

#endif
