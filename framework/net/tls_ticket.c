/* SPDX-License-Identifier: MIT */
/*
 * tls_ticket.c - session tickets with the keys of sys/ticket.h (RFC 5077, RFC 8446 4.6.1).
 *
 * A ticket is ours to lay out: the key's name, AES-256-CBC, HMAC-SHA-256 over both; the
 * library puts it together, here are the keys only.
 */
#include "net/tls_ticket.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <string.h>

#include "sys/ticket.h"

/* What SSL_CTX_set_tlsext_ticket_key_evp_cb(3) wants to hear. */
enum { FAILED = -1, UNKNOWN = 0, GOOD = 1, GOOD_AND_RENEW = 2 };

static int keys_index = -1;

static const struct ticket_keys *keys_of(const SSL *ssl)
{
	return SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), keys_index);
}

static int use_key(const struct ticket_key *key, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int encrypt)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY,
			(void *)(uintptr_t)key->mac, sizeof(key->mac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	if (!EVP_MAC_CTX_set_params(mac, params)
		|| !EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, encrypt))
		return FAILED;
	return GOOD;
}

static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int encrypt)
{
	const struct ticket_keys *keys = keys_of(ssl);
	const struct ticket_key *key;
	bool old;

	if (encrypt) {
		key = ticket_newest(keys);
		memcpy(name, key->name, TICKET_NAME);
		if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
			return FAILED;
		return use_key(key, iv, cipher, mac, encrypt);
	}
	key = ticket_find(keys, name, &old);
	if (!key)
		return UNKNOWN;
	int result = use_key(key, iv, cipher, mac, encrypt);
	/* TLS 1.3: a ticket should be used once (RFC 8446, C.4), so there is a new one. */
	if (result == GOOD && (old || SSL_version(ssl) >= TLS1_3_VERSION))
		return GOOD_AND_RENEW;
	return result;
}

static bool has_expired(const X509 *certificate)
{
	return X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0;
}

/* What a client may by its certificate ends with that, and so does the session that began by it:
 * else it would last as long as somebody resumes it, for each ticket of TLS 1.3 brings the next. */
static SSL_TICKET_RETURN on_opened(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
	size_t len, SSL_TICKET_STATUS status, void *arg)
{
	const X509 *client = session ? SSL_SESSION_get0_peer(session) : NULL;

	(void)ssl;
	(void)name;
	(void)len;
	(void)arg;
	if (client && has_expired(client))
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	switch (status) {
	case SSL_TICKET_SUCCESS:
		return SSL_TICKET_RETURN_USE;
	case SSL_TICKET_SUCCESS_RENEW:
		return SSL_TICKET_RETURN_USE_RENEW;
	default:
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	}
}

int tls_ticket_use(SSL_CTX *ctx, const struct ticket_keys *keys)
{
	if (keys_index < 0)
		keys_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	if (keys_index < 0 || !SSL_CTX_set_ex_data(ctx, keys_index, (void *)(uintptr_t)keys))
		return -1;
	SSL_CTX_set_timeout(ctx, (long)TICKET_PERIOD);
	return SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket)
		&& SSL_CTX_set_session_ticket_cb(ctx, NULL, on_opened, NULL) ? 0 : -1;
}
