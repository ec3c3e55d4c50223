/* SPDX-License-Identifier: MIT */
/*
 * tls_client.c - clients that speak TLS, over the sockets of client.h.
 */
#include "tls_client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"
#include "harness.h"
#include "operate.h"
#include "server.h"

static char reason[256];
static char head[8192], body[1 << 20];

const char *tls_reason(void)
{
	return reason;
}

const char *tls_head(void)
{
	return head;
}

/* ---- beginning and end ---- */

static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_conn *c = SSL_get_app_data(ssl);

	SSL_SESSION_free(c->latest);
	c->latest = session;
	return 1;
}

static void offer_protocols(SSL *ssl, const char *list)
{
	unsigned char wire[256];
	unsigned len = 0;

	for (const char *at = list; *at; at += *at == ',') {
		size_t n = strcspn(at, ",");
		wire[len++] = (unsigned char)n;
		memcpy(wire + len, at, n);
		len += (unsigned)n;
		at += n;
	}
	cr_assert_eq(SSL_set_alpn_protos(ssl, wire, len), 0);
}

static void show_pair(SSL_CTX *ctx, const char *pair)
{
	char certificate[PATH_MAX], key[PATH_MAX];

	snprintf(certificate, sizeof(certificate), "%s/%s.crt", harness_dir(), pair);
	snprintf(key, sizeof(key), "%s/%s.key", harness_dir(), pair);
	cr_assert_eq(SSL_CTX_use_certificate_file(ctx, certificate, SSL_FILETYPE_PEM), 1);
	cr_assert_eq(SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM), 1);
}

static void prepare(struct tls_conn *c, const struct tls_wish *wish)
{
	c->ctx = SSL_CTX_new(TLS_client_method());
	cr_assert_not_null(c->ctx);
	SSL_CTX_set_session_cache_mode(c->ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(c->ctx, keep_session);
	if (wish->pair)
		show_pair(c->ctx, wish->pair);
	if (wish->version) {
		SSL_CTX_set_security_level(c->ctx, wish->version < TLS1_2_VERSION ? 0 : 1);
		SSL_CTX_set_min_proto_version(c->ctx, wish->version);
		SSL_CTX_set_max_proto_version(c->ctx, wish->version);
	}
	c->ssl = SSL_new(c->ctx);
	cr_assert_not_null(c->ssl);
	SSL_set_app_data(c->ssl, c);
	if (wish->name)
		SSL_set_tlsext_host_name(c->ssl, wish->name);
	if (wish->alpn)
		offer_protocols(c->ssl, wish->alpn);
	if (wish->session)
		SSL_set_session(c->ssl, wish->session);
}

bool tls_try(struct tls_conn *c, int port, const struct tls_wish *wish)
{
	static const struct tls_wish none;

	*c = (struct tls_conn){ .fd = client_connect(port) };
	prepare(c, wish ? wish : &none);
	SSL_set_fd(c->ssl, c->fd);
	ERR_clear_error();
	if (SSL_connect(c->ssl) == 1)
		return true;
	ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
	return false;
}

void tls_dial(struct tls_conn *c, int port, const struct tls_wish *wish)
{
	cr_assert(tls_try(c, port, wish), "handshake: %s", tls_reason());
}

void tls_hang_up(struct tls_conn *c)
{
	SSL_SESSION_free(c->latest);
	/* Without it OpenSSL takes the connection for a failed one, and its session for spoilt. */
	SSL_set_shutdown(c->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	close(c->fd);
	*c = (struct tls_conn){ .fd = -1 };
}

/* ---- words ---- */

void tls_says(struct tls_conn *c, const char *text)
{
	cr_assert_eq(SSL_write(c->ssl, text, (int)strlen(text)), (int)strlen(text));
}

static bool read_exactly(struct tls_conn *c, char *out, size_t len)
{
	for (size_t got = 0; got < len;) {
		ERR_clear_error();
		int n = SSL_read(c->ssl, out + got, (int)(len - got));
		if (n <= 0) {
			ERR_error_string_n(ERR_peek_last_error(), reason, sizeof(reason));
			return false;
		}
		got += (size_t)n;
	}
	out[len] = '\0';
	return true;
}

const char *tls_answer(struct tls_conn *c)
{
	size_t len = 0;

	head[0] = '\0';
	while (!strstr(head, "\r\n\r\n")) {
		if (len == sizeof(head) - 1 || !read_exactly(c, head + len, 1))
			return NULL;
		len++;
	}
	const char *length = strstr(head, "Content-Length: ");
	cr_assert_not_null(length, "%s", head);
	return read_exactly(c, body, strtoul(length + 16, NULL, 10)) ? body : NULL;
}

const char *tls_get(struct tls_conn *c, const char *path)
{
	char request[256];

	snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", path);
	tls_says(c, request);
	const char *answer = tls_answer(c);
	cr_assert_not_null(answer, "GET %s: %s", path, tls_reason());
	return answer;
}

bool tls_hears_the_end(struct tls_conn *c)
{
	char byte;
	int n = SSL_read(c->ssl, &byte, 1);

	return n <= 0 && SSL_get_error(c->ssl, n) == SSL_ERROR_ZERO_RETURN;
}

SSL_SESSION *tls_session(struct tls_conn *c)
{
	cr_assert_not_null(c->latest, "no session was given");
	SSL_SESSION_up_ref(c->latest);
	return c->latest;
}

const char *tls_subject(struct tls_conn *c)
{
	static char name[256];
	X509 *x = SSL_get1_peer_certificate(c->ssl);

	cr_assert_not_null(x);
	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, name, sizeof(name));
	X509_free(x);
	return name;
}

/* ---- much at once ---- */

static unsigned char byte_at(size_t i)
{
	return (unsigned char)(i * 2654435761u >> 13);
}

static size_t say_some(struct tls_conn *c, size_t at, size_t len)
{
	unsigned char block[30000];
	size_t n = len - at < sizeof(block) ? len - at : sizeof(block), sent = 0;

	for (size_t i = 0; i < n; i++)
		block[i] = byte_at(at + i);
	ERR_clear_error();
	if (n > 0)
		SSL_write_ex(c->ssl, block, n, &sent);
	return sent;
}

static size_t hear_some(struct tls_conn *c, size_t at)
{
	unsigned char block[30000];
	size_t got = 0;

	ERR_clear_error();
	SSL_read_ex(c->ssl, block, sizeof(block), &got);
	for (size_t i = 0; i < got; i++)
		if (block[i] != byte_at(at + i))
			cr_assert_fail("byte %zu is another one", at + i);
	return got;
}

void tls_echo(struct tls_conn *c, size_t len)
{
	size_t said = 0, heard = 0;
	double until = seconds_now() + 3. * PATIENCE;

	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	SSL_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	while (heard < len) {
		cr_assert_lt(seconds_now(), until, "%zu of %zu said, %zu heard", said, len, heard);
		size_t more = say_some(c, said, len), back = hear_some(c, heard);
		said += more;
		heard += back;
		if (more == 0 && back == 0) {
			struct pollfd p = { .fd = c->fd, .events = (short)(POLLIN | (said < len ? POLLOUT : 0)) };
			poll(&p, 1, 1000);
		}
	}
}

/* ---- a reload ---- */

static bool first_generation_retired(void *arg)
{
	json_t *status = status_read(), *g, *w;
	size_t i, k;
	bool retired = true;

	(void)arg;
	json_array_foreach(json_object_get(status, "generations"), i, g)
		if (json_integer_value(json_object_get(g, "number")) == 1)
			json_array_foreach(json_object_get(g, "workers"), k, w)
				retired = retired && strcmp("draining",
					json_string_value(json_object_get(w, "doing"))) == 0;
	json_decref(status);
	return retired;
}

void await_second_alone(struct server *s)
{
	server_await_generation(s, 2);
	cr_assert(wait_until(first_generation_retired, NULL, PATIENCE));
}

/* ---- certificates ---- */

void make_pair(const char *name)
{
	char before[PATH_MAX];
	struct outcome o;

	cr_assert_not_null(getcwd(before, sizeof(before)));
	setenv("PORTICO", portico_binary(), 1);  /* absolute */
	cr_assert_eq(chdir(harness_dir()), 0);
	portico_ends(&o, NULL, "cert", name, NULL);
	cr_assert_eq(chdir(before), 0);
	cr_assert_eq(o.code, 0, "%s", o.err);
}

void make_client_pair(const char *name)
{
	char line[3 * PATH_MAX];

	snprintf(line, sizeof(line), "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
		"-nodes -keyout %s/%s.key -out %s/%s.crt -subj /CN=%s -days 2 2>/dev/null",
		harness_dir(), name, harness_dir(), name, name);
	cr_assert_eq(system(line), 0, "%s", line);
}
