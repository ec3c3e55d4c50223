/* SPDX-License-Identifier: MIT */
/*
 * tls_client.h - clients that speak TLS, over the sockets of client.h.
 *
 * They look at no certificate of a server: what it shows is for the test to judge.
 */
#ifndef SYSTEM_TLS_CLIENT_H
#define SYSTEM_TLS_CLIENT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

struct tls_wish {                /* zeroed: as the library has it, and nothing shown */
	int          version;    /* TLS1_2_VERSION; this one alone */
	const char  *name;       /* of the host that is meant */
	const char  *alpn;       /* "h2,http/1.1" */
	const char  *pair;       /* shows PAIR.crt with PAIR.key of the test's directory */
	SSL_SESSION *session;    /* to be resumed, borrowed */
};

struct tls_conn {
	SSL_CTX     *ctx;
	SSL         *ssl;
	int          fd;
	SSL_SESSION *latest;     /* the last one that the server gave, owned here */
};

/* false if the server refuses; tls_reason() says how.  tls_hang_up() in any case. */
bool tls_try(struct tls_conn *c, int port, const struct tls_wish *wish);
void tls_dial(struct tls_conn *c, int port, const struct tls_wish *wish);  /* or the test fails */
void tls_hang_up(struct tls_conn *c);
const char *tls_reason(void);            /* the alert or error of the last failure */

void tls_says(struct tls_conn *c, const char *text);
/* One response with a Content-Length: its body, static; NULL if it did not come whole. */
const char *tls_answer(struct tls_conn *c);
const char *tls_head(void);              /* of that response */
const char *tls_get(struct tls_conn *c, const char *path);   /* whole, or the test fails */
/* The server says close_notify, and nothing before it. */
bool tls_hears_the_end(struct tls_conn *c);
/* The session to resume next time, after an answer came; the caller's own. */
SSL_SESSION *tls_session(struct tls_conn *c);
/* What the server's certificate calls itself; static. */
const char *tls_subject(struct tls_conn *c);
/* Sends len bytes to an echo and compares what comes back, both at the same time. */
void tls_echo(struct tls_conn *c, size_t len);

/* After the first reload: generation 2 serves, and nobody of generation 1 takes a client any
 * more, with the files of before. */
struct server;
void await_second_alone(struct server *s);

/* Writes NAME.crt and NAME.key to the test's directory: by portico cert, or for a client that
 * vouches for itself. */
void make_pair(const char *name);
void make_client_pair(const char *name);

#endif
