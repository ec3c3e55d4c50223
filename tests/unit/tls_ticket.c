/* SPDX-License-Identifier: MIT */
/*
 * tls_ticket.c - what session tickets bring back, and what they must not.
 */
#include "net/tls_ticket.h"

#include <criterion/criterion.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <unistd.h>

#include "sys/ticket.h"

static struct ticket_keys *keys;
static EVP_PKEY *key;
static SSL_CTX *server;

/* ---- two sides ---- */

/* Self-signed; ends so many seconds from now. */
static X509 *make_certificate(long ends)
{
	X509 *x = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(x), -7200);
	X509_gmtime_adj(X509_getm_notAfter(x), ends);
	X509_set_pubkey(x, key);
	cr_assert(X509_sign(x, key, EVP_sha256()));
	return x;
}

static SSL_CTX *make_context(const SSL_METHOD *method, long ends)
{
	SSL_CTX *ctx = SSL_CTX_new(method);
	X509 *x = make_certificate(ends);

	cr_assert(SSL_CTX_use_certificate(ctx, x) && SSL_CTX_use_PrivateKey(ctx, key));
	X509_free(x);
	return ctx;
}

/* Who they are is not the matter here. */
static int take_any(int good, X509_STORE_CTX *store)
{
	(void)good;
	(void)store;
	return 1;
}

static void set_up(void)
{
	int fd;

	keys = ticket_create(&fd);
	cr_assert_not_null(keys);
	close(fd);
	key = EVP_EC_gen("P-256");
	server = make_context(TLS_server_method(), 3600);
	SSL_CTX_set_verify(server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, take_any);
	SSL_CTX_set_session_id_context(server, (const unsigned char *)"test", 4);
	cr_assert_eq(tls_ticket_use(server, keys), 0);
}

static void tear_down(void)
{
	SSL_CTX_free(server);
	EVP_PKEY_free(key);
	ticket_destroy(keys);
}

TestSuite(tls_ticket, .init = set_up, .fini = tear_down, .timeout = 20);

static SSL *open_side(SSL_CTX *ctx, BIO *bio, bool accepts)
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_bio(ssl, bio, bio);
	if (accepts)
		SSL_set_accept_state(ssl);
	else
		SSL_set_connect_state(ssl);
	return ssl;
}

/* With the session of before, which becomes the one of now.  Gives whether it was resumed. */
static bool visit(SSL_CTX *client, SSL_SESSION **session)
{
	BIO *here, *there;
	char byte;

	cr_assert(BIO_new_bio_pair(&here, 0, &there, 0));
	SSL *c = open_side(client, here, false), *s = open_side(server, there, true);
	if (*session)
		SSL_set_session(c, *session);
	for (int i = 0; i < 10 && (!SSL_is_init_finished(c) || !SSL_is_init_finished(s)); i++) {
		SSL_do_handshake(c);
		SSL_do_handshake(s);
	}
	cr_assert_eq(SSL_write(s, "x", 1), 1, "%s", ERR_error_string(ERR_peek_last_error(), NULL));
	cr_assert_eq(SSL_read(c, &byte, 1), 1);          /* a ticket of TLS 1.3 comes before it */
	bool resumed = SSL_session_reused(s);
	SSL_SESSION_free(*session);
	*session = SSL_get1_session(c);
	SSL_shutdown(c);
	SSL_free(c);
	SSL_free(s);
	return resumed;
}

/* Whether a client whose certificate ends so many seconds from now comes back without showing it. */
static bool comes_back(int version, long ends)
{
	SSL_CTX *client = make_context(TLS_client_method(), ends);
	SSL_SESSION *session = NULL;

	SSL_CTX_set_min_proto_version(client, version);
	SSL_CTX_set_max_proto_version(client, version);
	cr_assert_not(visit(client, &session));
	bool resumed = visit(client, &session);
	SSL_SESSION_free(session);
	SSL_CTX_free(client);
	return resumed;
}

/* ---- tests ---- */

Test(tls_ticket, who_comes_back_is_known)
{
	cr_assert(comes_back(TLS1_2_VERSION, 3600));
	cr_assert(comes_back(TLS1_3_VERSION, 3600));
}

/* In TLS 1.3 each ticket brings the next: it went on for ever. */
Test(tls_ticket, a_session_ends_with_its_clients_certificate)
{
	cr_assert_not(comes_back(TLS1_2_VERSION, -10));
	cr_assert_not(comes_back(TLS1_3_VERSION, -10));
}
