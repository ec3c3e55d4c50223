/* SPDX-License-Identifier: MIT */
/*
 * tls.h - a stream's transport: TLS 1.2 and 1.3 over its socket (OpenSSL 3).
 *
 *	SHAKING --tls_shake() gives TLS_DONE--> READY --tls_end()--> our side is closed
 *
 * Only stream*.c and tls_peer.c use it.  Nothing here calls out, and nothing waits: what the
 * socket has no room or no bytes for is asked again when it has.
 */
#ifndef PORTICO_NET_TLS_H
#define PORTICO_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ssl_st;
struct tls_context;

struct tls {
	struct ssl_st *ssl;
	int            fd;
	bool           ready : 1;        /* the handshake is over */
	bool           wants_write : 1;  /* to shake or read, the socket must take bytes first */
	bool           more : 1;         /* bytes have come that the socket does not show any more */
	bool           followed : 1;     /* more is to be written at once behind what is */
	bool           failed : 1;       /* the peer broke the protocol: nothing can be sent */
	uint32_t       taken;            /* bytes of the socket, in this call: tls_socket.c */
};

enum tls_outcome { TLS_DONE, TLS_LATER, TLS_OVER, TLS_FAILED };

/* fd is borrowed until tls_close().  NULL and ENOMEM. */
struct tls *tls_open(struct tls_context *c, int fd);
void        tls_close(struct tls *t);            /* says nothing to the peer; NULL is fine */

/* The handshake, as far as it goes.  OVER: the peer went away in the middle.  FAILED:
 * it was told why, as far as the protocol has words for it. */
enum tls_outcome tls_shake(struct tls *t);

/* Once ready.  As recv(2) and send(2): how many bytes, 0 for the peer's orderly end, or -1
 * with EAGAIN, EPROTO (the peer broke the protocol) or ECONNRESET.  What tls_send() did not
 * take it must be given again, at the front of what follows.  more: as MSG_MORE of send(2). */
ssize_t tls_recv(struct tls *t, void *data, size_t room);
ssize_t tls_send(struct tls *t, const void *data, size_t len, bool more);

/* Bytes that the socket took, in all: what was sent, sealed, and the handshake. */
uint64_t tls_written(const struct tls *t);

/* Tells the peer that no more will come (close_notify).  last: the caller does shutdown(2) or close(2)
 * next.  false: when the socket takes bytes again. */
bool tls_end(struct tls *t, bool last);

#endif
