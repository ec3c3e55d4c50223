/* SPDX-License-Identifier: MIT */
/*
 * tls_socket.h - OpenSSL's way to the socket (BIO_meth_new(3)).  Only tls.c and
 * tls_client.c use it.
 */
#ifndef PORTICO_NET_TLS_SOCKET_H
#define PORTICO_NET_TLS_SOCKET_H

#include "net/tls.h"

/* t->ssl reads and writes t->fd from now on; t is borrowed until SSL_free(3).  What is written
 * while t->followed waits in the kernel for what comes next.  -1: no memory. */
int tls_socket_use(struct tls *t);

#endif
