/* SPDX-License-Identifier: MIT */
/*
 * tls_files.h - certificates and keys from their files, and what is wrong with them.
 */
#ifndef PORTICO_NET_TLS_FILES_H
#define PORTICO_NET_TLS_FILES_H

#include <openssl/ssl.h>

#include "config/config.h"
#include "config/problem.h"

struct tls_teller {
	const struct config_service *service;
	struct problems             *problems;
	struct problems             *warnings;   /* or NULL */
};

/* what, and why OpenSSL says so. */
void tls_tell_library(struct tls_teller *teller, const char *what);

/* All return 0, or -1 with the problem told. */
int tls_load_pair(SSL_CTX *ctx, const struct config_tls_pair *pair, struct tls_teller *teller);

/* Who may come in, and whose sessions may be resumed; teller NULL: say nothing. */
int tls_load_clients(SSL_CTX *ctx, const struct config_service *c, struct tls_teller *teller);

#endif
