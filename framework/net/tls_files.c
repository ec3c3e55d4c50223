/* SPDX-License-Identifier: MIT */
/*
 * tls_files.c - certificates and keys from their files, and what is wrong with them.
 */
#include "net/tls_files.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- telling ---- */

static int tell(struct tls_teller *teller, const char *text)
{
	const struct config_service *c = teller->service;

	problems_add(teller->problems, c->file, c->line, "[service %s] %s", c->name, text);
	return -1;
}

static void warn(struct tls_teller *teller, const char *key, const char *path, const char *what)
{
	const struct config_service *c = teller->service;

	if (teller->warnings)
		problems_add(teller->warnings, c->file, c->line, "[service %s] %s = %s: %s", c->name,
			key, path, what);
}

static int tell_file(struct tls_teller *teller, const char *key, const char *path, const char *what)
{
	char text[1024];

	snprintf(text, sizeof(text), "%s = %s: %s", key, path, what);
	return tell(teller, text);
}

void tls_tell_library(struct tls_teller *teller, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
	(void)tell(teller, text);
	ERR_clear_error();
}

/* ---- a certificate and its key ---- */

/* Before OpenSSL tries, whose words for it are poor. */
static int can_read(struct tls_teller *teller, const char *key, const char *path)
{
	FILE *file = fopen(path, "re");

	if (file) {
		fclose(file);
		return 0;
	}
	return tell_file(teller, key, path, strerror(errno));
}

/* OpenSSL would ask the terminal. */
static int no_password(char *out, int room, int writing, void *asked)
{
	(void)out;
	(void)room;
	(void)writing;
	*(bool *)asked = true;
	return 0;
}

static void check_dates(struct tls_teller *teller, const char *path, const X509 *x)
{
	if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0)
		warn(teller, "tls_certificate", path, "has expired; renew it");
	else if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0)
		warn(teller, "tls_certificate", path, "is not valid yet; look at this machine's clock");
}

static void check_mode(struct tls_teller *teller, const char *path)
{
	struct stat file;

	if (stat(path, &file) == 0 && (file.st_mode & (S_IROTH | S_IWOTH)) != 0)
		warn(teller, "tls_key", path, "others may read the key; chmod o= it");
}

static int load_certificate(SSL_CTX *ctx, const char *path, struct tls_teller *teller)
{
	if (can_read(teller, "tls_certificate", path) < 0)
		return -1;
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(ctx, path) == 1) {
		check_dates(teller, path, SSL_CTX_get0_certificate(ctx));
		return 0;
	}
	const char *reason = ERR_reason_error_string(ERR_peek_error());
	char what[256];
	snprintf(what, sizeof(what), "no certificate in PEM form that can be used (%s)",
		reason ? reason : "unknown");
	return tell_file(teller, "tls_certificate", path, what);
}

/* asked: set when it needs a password. */
static int load_key(SSL_CTX *ctx, const struct config_tls_pair *pair, bool with_certificate,
	const bool *asked, struct tls_teller *teller)
{
	char what[512];

	if (can_read(teller, "tls_key", pair->key) < 0)
		return -1;
	check_mode(teller, pair->key);
	ERR_clear_error();
	if (SSL_CTX_use_PrivateKey_file(ctx, pair->key, SSL_FILETYPE_PEM) == 1)
		return 0;
	unsigned long error = ERR_peek_error();
	const char *reason = ERR_reason_error_string(error);
	if (ERR_GET_LIB(error) == ERR_LIB_X509 && with_certificate)
		snprintf(what, sizeof(what), "does not belong to tls_certificate = %s; they have "
			"to be named in the same order", pair->certificate);
	else if (*asked)
		snprintf(what, sizeof(what), "needs a password; take it off (openssl pkey -in ...)");
	else
		snprintf(what, sizeof(what), "no key in PEM form that can be used (%s)",
			reason ? reason : "unknown");
	return tell_file(teller, "tls_key", pair->key, what);
}

int tls_load_pair(SSL_CTX *ctx, const struct config_tls_pair *pair, struct tls_teller *teller)
{
	bool asked = false;

	SSL_CTX_set_default_passwd_cb(ctx, no_password);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, &asked);
	int certificate = load_certificate(ctx, pair->certificate, teller);
	int key = load_key(ctx, pair, certificate == 0, &asked, teller);
	SSL_CTX_set_default_passwd_cb_userdata(ctx, NULL);

	return certificate == 0 ? key : -1;
}

/* ---- clients ---- */

static int add_file(EVP_MD_CTX *digest, const char *path)
{
	char block[4096];
	FILE *file = fopen(path, "re");
	size_t n;

	if (!file)
		return -1;
	while ((n = fread(block, 1, sizeof(block), file)) > 0)
		EVP_DigestUpdate(digest, block, n);
	int bad = ferror(file);
	fclose(file);
	return bad ? -1 : 0;
}

/* All services close their tickets with the same keys.  A session that began under other
 * rules, in another service or before a reload, must not get past these: what decides
 * who may come in is its context (RFC 5077, 5.2). */
static int set_session_context(SSL_CTX *ctx, const struct config_service *c)
{
	unsigned char id[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	int result = -1;
	EVP_MD_CTX *digest = EVP_MD_CTX_new();

	if (digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL)
		&& EVP_DigestUpdate(digest, c->name, strlen(c->name) + 1)
		&& EVP_DigestUpdate(digest, &c->tls_client, sizeof(c->tls_client))
		&& (!c->tls_client_ca || add_file(digest, c->tls_client_ca) == 0)
		&& EVP_DigestFinal_ex(digest, id, &len)
		&& SSL_CTX_set_session_id_context(ctx, id, len))
		result = 0;
	EVP_MD_CTX_free(digest);
	return result;
}

static int load_authorities(SSL_CTX *ctx, const char *path, struct tls_teller *teller)
{
	if (teller && can_read(teller, "tls_client_ca", path) < 0)
		return -1;
	ERR_clear_error();
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(path);
	if (names && SSL_CTX_load_verify_file(ctx, path) == 1) {
		SSL_CTX_set_client_CA_list(ctx, names);
		return 0;
	}
	sk_X509_NAME_pop_free(names, X509_NAME_free);
	return teller ? tell_file(teller, "tls_client_ca", path,
		"no certificates in PEM form that can be used") : -1;
}

int tls_load_clients(SSL_CTX *ctx, const struct config_service *c, struct tls_teller *teller)
{
	int mode = SSL_VERIFY_NONE;

	if (c->tls_client != CONFIG_TLS_CLIENT_NO) {
		if (load_authorities(ctx, c->tls_client_ca, teller) < 0)
			return -1;
		mode = SSL_VERIFY_PEER;
		if (c->tls_client == CONFIG_TLS_CLIENT_REQUIRED)
			mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	}
	SSL_CTX_set_verify(ctx, mode, NULL);
	if (set_session_context(ctx, c) == 0)
		return 0;
	if (teller)
		tls_tell_library(teller, "cannot tell sessions apart");
	return -1;
}
