/* SPDX-License-Identifier: MIT */
/*
 * tls_spare.h - the buffers of TLS records go from hand to hand.
 *
 * A connection has its two of 17 KB only while a record is in them (SSL_MODE_RELEASE_BUFFERS), so
 * an idle one is small.  To ask malloc(3) for them each time costs a tenth of a small request.
 */
#ifndef PORTICO_NET_TLS_SPARE_H
#define PORTICO_NET_TLS_SPARE_H

#include <stddef.h>

/* From now on there are a few blocks of that size for what OpenSSL does in this thread.  Once, before
 * the first call of OpenSSL, which refuses it later; then all stays as it was. */
void tls_spare_keep(void);

/* What OpenSSL calls, as malloc(3), free(3) and realloc(3). */
void *tls_spare_take(size_t size);
void  tls_spare_give_back(void *block);
void *tls_spare_resize(void *block, size_t size);

#endif
