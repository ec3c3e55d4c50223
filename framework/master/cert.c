/* SPDX-License-Identifier: MIT */
/*
 * cert.c - portico cert: a certificate for development that signs itself.
 *
 * EC P-256, valid for a year, not fit to sign others.  Nothing is overwritten: a key that
 * is lost cannot be had again.
 */
#include "master/cert.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	DAYS = 365,
	NAME_MOST = 64,          /* RFC 5280: a common name */
	SERIAL = 16,
	ALL_NAMES = 4096,
};

static char *const of_this_machine[] = { "localhost", "127.0.0.1", "::1" };

static int told(const char *what, const char *why)
{
	fprintf(stderr, "portico cert: %s: %s\n", what, why);
	return -1;
}

static int told_library(const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return told(what, reason ? reason : "OpenSSL does not say why");
}

/* ---- names ---- */

static bool is_address(const char *name)
{
	unsigned char bytes[16];

	return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

static bool is_host(const char *name)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789-._";
	const char *rest = strncmp(name, "*.", 2) == 0 ? name + 2 : name;

	return *rest && *rest != '.' && *rest != '-' && strlen(name) <= NAME_MOST
		&& rest[strspn(rest, letters)] == '\0';
}

static int check_names(char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (!is_address(names[i]) && !is_host(names[i]))
			return told(names[i], "not a host like example.com or *.example.com, nor an "
				"IP address");
	return 0;
}

/* "DNS:localhost,IP:::1" */
static int list_names(char *const *names, int count, char out[ALL_NAMES])
{
	size_t len = 0;

	for (int i = 0; i < count; i++) {
		int n = snprintf(out + len, ALL_NAMES - len, "%s%s:%s", i ? "," : "",
			is_address(names[i]) ? "IP" : "DNS", names[i]);
		if (n < 0 || (size_t)n >= ALL_NAMES - len)
			return told(names[i], "too many names for one certificate");
		len += (size_t)n;
	}
	return 0;
}

/* ---- the certificate ---- */

static int add_extension(X509 *x, int what, const char *value)
{
	X509V3_CTX context;
	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, x, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, what, value);
	int added = e && X509_add_ext(x, e, -1);

	X509_EXTENSION_free(e);
	return added ? 0 : -1;
}

static int set_serial(X509 *x)
{
	unsigned char bytes[SERIAL];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return -1;
	bytes[0] &= 0x7f;        /* not negative: RFC 5280, 4.1.2.2 */
	BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
	int set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x));
	BN_free(number);
	return set ? 0 : -1;
}

static int set_subject(X509 *x, const char *name)
{
	X509_NAME *subject = X509_get_subject_name(x);

	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name,
		-1, -1, 0) && X509_set_issuer_name(x, subject) ? 0 : -1;
}

static int fill(X509 *x, EVP_PKEY *key, const char *name, const char *all)
{
	if (!X509_set_version(x, X509_VERSION_3) || set_serial(x) < 0 || set_subject(x, name) < 0)
		return -1;
	if (!X509_gmtime_adj(X509_getm_notBefore(x), 0)
		|| !X509_gmtime_adj(X509_getm_notAfter(x), 86400L * DAYS) || !X509_set_pubkey(x, key))
		return -1;
	if (add_extension(x, NID_basic_constraints, "critical,CA:FALSE") < 0
		|| add_extension(x, NID_key_usage, "critical,digitalSignature") < 0
		|| add_extension(x, NID_ext_key_usage, "serverAuth") < 0
		|| add_extension(x, NID_subject_alt_name, all) < 0)
		return -1;
	return X509_sign(x, key, EVP_sha256()) ? 0 : -1;
}

static X509 *make_certificate(EVP_PKEY *key, const char *name, const char *all)
{
	X509 *x = key ? X509_new() : NULL;

	if (x && fill(x, key, name, all) == 0)
		return x;
	told_library("cannot make a certificate");
	X509_free(x);
	return NULL;
}

/* ---- the files ---- */

static FILE *open_new(const char *path, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");

	if (!file)
		told(path, errno == EEXIST ? "is there already, and stays; delete it first, or go to "
			"another directory" : strerror(errno));
	if (!file && fd >= 0)
		close(fd);
	return file;
}

/* fclose(3) tells what a full disk did. */
static int close_written(FILE *file, bool good, const char *path)
{
	good = fclose(file) == 0 && good;
	if (good)
		return 0;
	unlink(path);
	return told(path, "cannot be written");
}

static int write_key(const char *path, EVP_PKEY *key)
{
	FILE *file = open_new(path, 0600);

	if (!file)
		return -1;
	return close_written(file, PEM_write_PKCS8PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), path);
}

static int write_certificate(const char *path, X509 *x)
{
	FILE *file = open_new(path, 0644);

	if (!file)
		return -1;
	return close_written(file, PEM_write_X509(file, x), path);
}

static int write_both(const char *name, X509 *x, EVP_PKEY *key)
{
	char certificate_path[NAME_MOST + 8], key_path[NAME_MOST + 8];

	snprintf(certificate_path, sizeof(certificate_path), "%s.crt", name);
	snprintf(key_path, sizeof(key_path), "%s.key", name);
	if (*certificate_path == '*')
		*certificate_path = *key_path = '_';     /* what shells would expand */
	if (write_certificate(certificate_path, x) < 0)
		return -1;
	if (write_key(key_path, key) < 0) {
		unlink(certificate_path);
		return -1;
	}
	printf("tls_certificate = %s\ntls_key = %s\n", certificate_path, key_path);
	return 0;
}

int cert(char *const *names, int count)
{
	char all[ALL_NAMES];

	if (count == 0) {
		names = of_this_machine;
		count = sizeof(of_this_machine) / sizeof(*of_this_machine);
	}
	if (check_names(names, count) < 0 || list_names(names, count, all) < 0)
		return EX_USAGE;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = make_certificate(key, names[0], all);
	int result = x ? write_both(names[0], x, key) : -1;
	X509_free(x);
	EVP_PKEY_free(key);
	return result == 0 ? EX_OK : EX_CANTCREAT;
}
