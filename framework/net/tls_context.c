/* SPDX-License-Identifier: MIT */
/*
 * tls_context.c - what all TLS streams of a service share: certificates, keys, rules.
 *
 * One SSL_CTX a certificate.  A handshake begins with the first one's, and
 * changes to another one's when the client names a host that fits it.
 */
#include "net/tls_context.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_files.h"
#include "net/tls_ticket.h"

static const char ciphers[] =
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
static const char groups[] = "X25519:P-256:P-384";

struct tls_context {
	bool     http;
	size_t   count;
	SSL_CTX *pairs[];        /* in the order of the configuration */
};

/* ---- who is meant ---- */

struct ssl_ctx_st *tls_context_first(struct tls_context *t)
{
	return t->pairs[0];
}

static SSL_CTX *find(struct tls_context *t, const char *name, unsigned flags)
{
	for (size_t i = 0; i < t->count; i++)
		if (X509_check_host(SSL_CTX_get0_certificate(t->pairs[i]), name, strlen(name), flags,
			NULL) == 1)
			return t->pairs[i];
	return NULL;
}

struct ssl_ctx_st *tls_context_for(struct tls_context *t, const char *name)
{
	SSL_CTX *exact = find(t, name, X509_CHECK_FLAG_NO_WILDCARDS);

	return exact ? exact : find(t, name, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

time_t tls_context_ends(const struct tls_context *t, size_t i)
{
	struct tm end;

	if (i >= t->count
		|| ASN1_TIME_to_tm(X509_get0_notAfter(SSL_CTX_get0_certificate(t->pairs[i])), &end) != 1)
		return 0;
	return timegm(&end);
}

static int on_name(SSL *ssl, int *alert, void *arg)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	SSL_CTX *ctx = name ? tls_context_for(arg, name) : NULL;

	(void)alert;
	if (ctx)
		SSL_set_SSL_CTX(ssl, ctx);
	return SSL_TLSEXT_ERR_OK;
}

/* ---- which protocol goes over it ---- */

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
	const unsigned char *in, unsigned in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1, in, in_len)
		!= OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;       /* no_application_protocol */
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

bool tls_context_is_http(const struct ssl_st *ssl)
{
	const struct tls_context *t = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	return t->http;
}

/* ---- the rules ---- */

/* A client that leaves without a close_notify is common, and HTTP's framing tells what
 * is missing (RFC 9112, 9.8); bytes of another protocol may end anywhere. */
static uint64_t options_for(const struct config_service *c)
{
	uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
		| SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA;

	if (c->protocol == CONFIG_HTTP)
		options |= SSL_OP_IGNORE_UNEXPECTED_EOF;
	return options;
}

static int set_rules(SSL_CTX *ctx, const struct config_service *c)
{
	SSL_CTX_set_options(ctx, options_for(c));
	/* An idle connection holds no buffers. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
		| SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	int least = c->tls_protocols == CONFIG_TLS_13 ? TLS1_3_VERSION : TLS1_2_VERSION;
	if (!SSL_CTX_set_min_proto_version(ctx, least) || !SSL_CTX_set_cipher_list(ctx, ciphers)
		|| !SSL_CTX_set1_groups_list(ctx, groups))
		return -1;
	if (c->protocol == CONFIG_HTTP)
		SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	return 0;
}

static int set_tickets(SSL_CTX *ctx, const struct ticket_keys *tickets)
{
	if (tickets)
		return tls_ticket_use(ctx, tickets);
	SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	return 0;
}

/* ---- making ---- */

static SSL_CTX *make_pair(struct tls_context *t, const struct config_service *c, size_t i,
	const struct ticket_keys *tickets, struct tls_teller *teller)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!ctx || set_rules(ctx, c) < 0 || set_tickets(ctx, tickets) < 0) {
		tls_tell_library(teller, "cannot set up TLS");
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_app_data(ctx, t);
	int pair = tls_load_pair(ctx, &c->tls_pairs[i], teller);
	int clients = tls_load_clients(ctx, c, i == 0 ? teller : NULL);
	if (pair == 0 && clients == 0)
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

struct tls_context *tls_context_create(const struct config_service *c,
	const struct ticket_keys *tickets, struct problems *problems, struct problems *warnings)
{
	struct tls_teller teller = { c, problems, warnings };
	struct tls_context *t = calloc(1, sizeof(*t) + c->tls_pair_count * sizeof(*t->pairs));
	bool all = true;

	if (!t) {
		tls_tell_library(&teller, "no memory for TLS");
		return NULL;
	}
	t->count = c->tls_pair_count;
	t->http = c->protocol == CONFIG_HTTP;
	ERR_clear_error();
	for (size_t i = 0; i < t->count; i++) {
		t->pairs[i] = make_pair(t, c, i, tickets, &teller);
		all = all && t->pairs[i];
	}
	if (!all) {
		tls_context_destroy(t);
		return NULL;
	}
	SSL_CTX_set_tlsext_servername_callback(t->pairs[0], on_name);
	SSL_CTX_set_tlsext_servername_arg(t->pairs[0], t);
	return t;
}

void tls_context_destroy(struct tls_context *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		SSL_CTX_free(t->pairs[i]);
	free(t);
}
