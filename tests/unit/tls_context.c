/* SPDX-License-Identifier: MIT */
/*
 * tls_context.c - certificates and keys, and what is wrong with them.
 */
#include <criterion/criterion.h>
#include <ftw.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "master/cert.h"
#include "net/tls_context.h"

static char dir[64];
static char told[4096], warned[4096];
static struct config_tls_pair pairs[4];
static struct config_service service;

/* ---- files ---- */

static void make_pair(const char *name)
{
	char *const names[] = { (char *)(uintptr_t)name };

	fflush(stdout);
	cr_assert_eq(cert(names, 1), 0);
}

static void enter_dir(void)
{
	strcpy(dir, "/tmp/portico-unit-tls-XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static void leave_dir(void)
{
	cr_assert_eq(chdir("/"), 0);
	nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void hear(void *arg, const char *sentence)
{
	strcat(arg, sentence);
	strcat(arg, "\n");
}

static void use(const char *certificate, const char *key)
{
	pairs[service.tls_pair_count++] = (struct config_tls_pair){ certificate, key };
}

static struct tls_context *load(void)
{
	struct problems problems = { .tell = hear, .arg = told, .most = 10 };
	struct problems warnings = { .tell = hear, .arg = warned, .most = 10 };

	told[0] = warned[0] = '\0';
	return tls_context_create(&service, NULL, &problems, &warnings);
}

static void is_refused(const char *why)
{
	cr_assert_null(load());
	cr_assert_str_eq(told, why);
}

static void set_up(void)
{
	enter_dir();
	service = (struct config_service){
		.name = "web", .protocol = CONFIG_HTTP, .file = "a.ini", .line = 7, .tls_pairs = pairs,
	};
	make_pair("a.test");
}

TestSuite(tls_context, .init = set_up, .fini = leave_dir, .timeout = 20);

Test(tls_context, good_files_are_taken)
{
	use("a.test.crt", "a.test.key");
	struct tls_context *t = load();

	cr_assert_not_null(t, "%s", told);
	cr_assert_str_eq(told, "");
	cr_assert_str_eq(warned, "");
	tls_context_destroy(t);
}

Test(tls_context, a_key_of_another_certificate_is_told)
{
	make_pair("b.test");
	use("a.test.crt", "b.test.key");
	is_refused("a.ini:7: [service web] tls_key = b.test.key: does not belong to tls_certificate = "
		"a.test.crt; they have to be named in the same order\n");
}

Test(tls_context, every_file_that_is_missing_is_told)
{
	use("none.crt", "none.key");
	is_refused("a.ini:7: [service web] tls_certificate = none.crt: No such file or directory\n"
		"a.ini:7: [service web] tls_key = none.key: No such file or directory\n");
}

Test(tls_context, what_is_no_pem_is_told)
{
	FILE *f = fopen("junk", "w");

	fputs("junk\n", f);
	fclose(f);
	chmod("junk", 0600);
	use("junk", "junk");
	is_refused("a.ini:7: [service web] tls_certificate = junk: no certificate in PEM form that can "
		"be used (no start line)\n"
		"a.ini:7: [service web] tls_key = junk: no key in PEM form that can be used (unsupported)\n");
}

static EVP_PKEY *read_key(const char *path)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *key = PEM_read_PrivateKey(f, NULL, NULL, NULL);

	fclose(f);
	cr_assert_not_null(key);
	return key;
}

Test(tls_context, a_key_with_a_password_is_told_and_nobody_is_asked)
{
	EVP_PKEY *key = read_key("a.test.key");
	FILE *f = fopen("locked.key", "w");

	PEM_write_PKCS8PrivateKey(f, key, EVP_aes_256_cbc(), "secret", 6, NULL, NULL);
	fclose(f);
	chmod("locked.key", 0600);
	EVP_PKEY_free(key);
	use("a.test.crt", "locked.key");
	cr_assert_null(load());
	cr_assert_not_null(strstr(told, "tls_key = locked.key: needs a password; take it off"), "%s", told);
}

Test(tls_context, a_key_that_others_may_read_is_warned_of)
{
	use("a.test.crt", "a.test.key");
	chmod("a.test.key", 0640);
	tls_context_destroy(load());
	cr_assert_str_eq(warned, "", "a group is made for it");
	chmod("a.test.key", 0644);
	tls_context_destroy(load());
	cr_assert_str_eq(warned, "a.ini:7: [service web] tls_key = a.test.key: others may read the key; "
		"chmod o= it\n");
}

/* The certificate again, valid from and to so many seconds from now. */
static void redate(const char *path, const char *key_path, long from, long to)
{
	FILE *f = fopen(path, "r+");
	X509 *x = PEM_read_X509(f, NULL, NULL, NULL);
	EVP_PKEY *key = read_key(key_path);

	X509_gmtime_adj(X509_getm_notBefore(x), from);
	X509_gmtime_adj(X509_getm_notAfter(x), to);
	cr_assert(X509_sign(x, key, EVP_sha256()));
	rewind(f);
	cr_assert_eq(ftruncate(fileno(f), 0), 0);
	PEM_write_X509(f, x);
	fclose(f);
	X509_free(x);
	EVP_PKEY_free(key);
}

Test(tls_context, dates_are_warned_of)
{
	use("a.test.crt", "a.test.key");
	redate("a.test.crt", "a.test.key", -7200, -3600);
	tls_context_destroy(load());
	cr_assert_not_null(strstr(warned, "tls_certificate = a.test.crt: has expired; renew it"), "%s", warned);
	redate("a.test.crt", "a.test.key", 3600, 7200);
	tls_context_destroy(load());
	cr_assert_not_null(strstr(warned, "a.test.crt: is not valid yet"), "%s", warned);
}

Test(tls_context, clients_without_who_vouches_for_them_are_told)
{
	use("a.test.crt", "a.test.key");
	service.tls_client = CONFIG_TLS_CLIENT_REQUIRED;
	service.tls_client_ca = "none.pem";
	is_refused("a.ini:7: [service web] tls_client_ca = none.pem: No such file or directory\n");
}

static const char *chosen(struct tls_context *t, const char *name)
{
	static char common[64];
	SSL_CTX *ctx = tls_context_for(t, name);

	if (!ctx)
		return "none";
	X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_CTX_get0_certificate(ctx)), NID_commonName,
		common, sizeof(common));
	return common;
}

Test(tls_context, the_exact_name_wins)
{
	make_pair("*.wild.test");
	make_pair("sub.wild.test");
	make_pair("b.test");
	use("_.wild.test.crt", "_.wild.test.key");
	use("sub.wild.test.crt", "sub.wild.test.key");
	use("a.test.crt", "a.test.key");
	use("b.test.crt", "b.test.key");
	struct tls_context *t = load();

	cr_assert_not_null(t, "%s", told);
	cr_assert_str_eq(chosen(t, "b.test"), "b.test");
	cr_assert_str_eq(chosen(t, "A.Test"), "a.test");
	cr_assert_str_eq(chosen(t, "c.wild.test"), "*.wild.test");
	cr_assert_str_eq(chosen(t, "sub.wild.test"), "sub.wild.test");
	cr_assert_str_eq(chosen(t, "c.d.wild.test"), "none");
	cr_assert_str_eq(chosen(t, "wild.test"), "none");
	cr_assert_str_eq(chosen(t, ""), "none");
	tls_context_destroy(t);
}
