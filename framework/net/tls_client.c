/* SPDX-License-Identifier: MIT */
/*
 * tls_client.c - TLS towards a server: whom to believe, and by which name.
 *
 * TLS 1.2 and 1.3 with OpenSSL's own choice of ciphers, which is the server's to narrow; no ALPN, and
 * no resumption: connections are used again instead.
 */
#include "net/tls_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/tls.h"
#include "net/tls_socket.h"

struct tls_client {
	SSL_CTX *ctx;
	char    *name;
	bool     has_sni;        /* RFC 6066, 3: not for an address, nor for no name */
	bool     by_address;     /* the name is one */
};

static bool is_address(const char *name)
{
	struct in6_addr a;

	return inet_pton(AF_INET, name, &a) == 1 || inet_pton(AF_INET6, name, &a) == 1;
}

/* A dot at the end keeps DNS from its search list, and is in no certificate (RFC 6066, 3). */
static char *copy_name(const char *name)
{
	size_t len = strlen(name);

	return strndup(name, len > 1 && name[len - 1] == '.' ? len - 1 : len);
}

/* ---- making ---- */

static int believe(SSL_CTX *ctx, const char *ca)
{
	if (!ca)
		return SSL_CTX_set_default_verify_paths(ctx) == 1 ? 0 : -1;
	if (access(ca, R_OK) < 0)
		return -1;
	if (SSL_CTX_load_verify_file(ctx, ca) == 1)
		return 0;
	errno = EINVAL;
	return -1;
}

static int expect_name(const struct tls_client *c)
{
	X509_VERIFY_PARAM *rules = SSL_CTX_get0_param(c->ctx);

	X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	/* Of no name each would be believed that anybody has. */
	if (*c->name && (c->by_address ? X509_VERIFY_PARAM_set1_ip_asc(rules, c->name)
			   : X509_VERIFY_PARAM_set1_host(rules, c->name, 0)) == 1)
		return 0;
	errno = EINVAL;
	return -1;
}

static int set_rules(const struct tls_client *c, const char *ca, bool unverified)
{
	SSL_CTX *ctx = c->ctx;

	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
		| SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	if (!SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION))
		return -1;
	SSL_CTX_set_verify(ctx, unverified ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
	if (unverified)
		return 0;
	return believe(ctx, ca) < 0 || expect_name(c) < 0 ? -1 : 0;
}

struct tls_client *tls_client_create(const char *ca, const char *name, bool unverified)
{
	struct tls_client *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	errno = ENOMEM;
	c->ctx = SSL_CTX_new(TLS_client_method());
	c->name = copy_name(name);
	c->by_address = is_address(name);
	c->has_sni = *name && !c->by_address;
	if (c->ctx && c->name && set_rules(c, ca, unverified) == 0)
		return c;
	int error = errno;
	ERR_clear_error();
	tls_client_destroy(c);
	errno = error;
	return NULL;
}

void tls_client_destroy(struct tls_client *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->ctx);
	free(c->name);
	free(c);
}

/* ---- one connection ---- */

static bool prepare(const struct tls_client *c, struct tls *t)
{
	return (t->ssl = SSL_new(c->ctx)) && tls_socket_use(t) == 0
		&& (!c->has_sni || SSL_set_tlsext_host_name(t->ssl, c->name) == 1);
}

struct tls *tls_client_open(struct tls_client *c, int fd)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (t && prepare(c, t)) {
		SSL_set_connect_state(t->ssl);
		t->fd = fd;
		return t;
	}
	tls_close(t);
	errno = ENOMEM;
	return NULL;
}

int tls_client_error(const struct tls *t)
{
	long why = SSL_get_verify_result(t->ssl);

	if (SSL_get_verify_mode(t->ssl) == SSL_VERIFY_NONE || why == X509_V_OK)
		return EPROTO;
	log_debug("tls: the server's certificate: %s", X509_verify_cert_error_string(why));
	return EKEYREJECTED;
}
