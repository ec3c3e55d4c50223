/* SPDX-License-Identifier: MIT */
/*
 * tls_peer.c - what TLS knows of the client at the other end.
 *
 * A certificate that is told was verified: with SSL_VERIFY_PEER the handshake ends at one
 * that is not (tls_files.c).  Of a resumed session it comes out of the ticket, which only
 * this service's workers can have written.
 */
#include "net/tls_peer.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "net/tls.h"

/* A name that is cut could be another's: without room for all of it there is none. */
static int tell_subject(const X509 *x, struct portico_tls *out)
{
	BIO *text = BIO_new(BIO_s_mem());
	char *bytes;

	if (!text || X509_NAME_print_ex(text, X509_get_subject_name(x), 0, XN_FLAG_RFC2253) < 0) {
		BIO_free(text);
		return -1;
	}
	long len = BIO_get_mem_data(text, &bytes);
	out->subject_len = (size_t)len;
	if (out->subject_len < sizeof(out->subject))
		memcpy(out->subject, bytes, out->subject_len);
	BIO_free(text);
	return 0;
}

static int tell_fingerprint(const X509 *x, struct portico_tls *out)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	if (!X509_digest(x, EVP_sha256(), digest, &len))
		return -1;
	for (unsigned i = 0; i < len; i++)
		sprintf(out->fingerprint + 2 * i, "%02x", digest[i]);
	return 0;
}

static int tell_certificate(const X509 *x, struct portico_tls *out)
{
	if (tell_subject(x, out) == 0 && tell_fingerprint(x, out) == 0)
		return 0;
	ERR_clear_error();
	errno = ENOMEM;
	return -1;
}

int tls_peer(const struct tls *t, struct portico_tls *out)
{
	memset(out, 0, sizeof(*out));
	if (!t || !t->ready) {
		errno = ENOTCONN;
		return -1;
	}
	const char *name = SSL_get_servername(t->ssl, TLSEXT_NAMETYPE_host_name);
	const X509 *x = SSL_get0_peer_certificate(t->ssl);
	snprintf(out->version, sizeof(out->version), "%s", SSL_get_version(t->ssl));
	snprintf(out->cipher, sizeof(out->cipher), "%s", SSL_get_cipher_name(t->ssl));
	snprintf(out->server_name, sizeof(out->server_name), "%s", name ? name : "");
	out->resumed = SSL_session_reused(t->ssl);
	if (!x || SSL_get_verify_result(t->ssl) != X509_V_OK)
		return 0;
	return tell_certificate(x, out);
}
