/* SPDX-License-Identifier: MIT */
/*
 * tls.c - a bare loop over OpenSSL that answers HTTP hello.
 *
 *     bare_tls ADDR PORT hello|close CERTIFICATE KEY
 *
 * OpenSSL as it comes, but for read-ahead, which saves a recv(2) a record: two tickets after a full
 * handshake and no session cache.
 */
#include "bare.h"
#include "hello.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tls_conn {
	struct bare_conn base;
	SSL *ssl; /* NULL until the first event */
	struct hello_input input;
};

static SSL_CTX *context;
static bool close_behind;

static int would_block(const struct tls_conn *tls, int result)
{
	return SSL_get_error(tls->ssl, result) == SSL_ERROR_WANT_READ ? 0 : -1;
}

/* 1: done, 0: it waits for the peer, -1 */
static int handshake(struct tls_conn *tls)
{
	if (tls->ssl == NULL) {
		tls->ssl = SSL_new(context);
		if (tls->ssl == NULL || SSL_set_fd(tls->ssl, tls->base.fd) != 1)
			return -1;
	}
	if (SSL_is_init_finished(tls->ssl))
		return 1;
	int result = SSL_accept(tls->ssl);
	return result == 1 ? 1 : would_block(tls, result);
}

static int answer(struct tls_conn *tls, size_t count)
{
	size_t size;
	const char *answers = hello_answers(count, &size);

	if (SSL_write(tls->ssl, answers, (int)size) != (int)size)
		return -1;
	return close_behind ? -1 : 0;
}

static int tls_ready(struct bare_conn *conn)
{
	struct tls_conn *tls = (struct tls_conn *)conn;
	struct hello_input *input = &tls->input;
	int result = handshake(tls);

	if (result != 1)
		return result;
	do {
		int room = (int)(HELLO_INPUT - input->used);
		int got = SSL_read(tls->ssl, input->bytes + input->used, room);
		if (got <= 0)
			return would_block(tls, got);
		input->used += (size_t)got;
		size_t requests = hello_take(input);
		if (requests > 0 && answer(tls, requests) != 0)
			return -1;
		if (input->used == HELLO_INPUT)
			return -1;
	} while (SSL_has_pending(tls->ssl));
	return 0;
}

static void tls_close(struct bare_conn *conn)
{
	struct tls_conn *tls = (struct tls_conn *)conn;

	if (tls->ssl != NULL && SSL_is_init_finished(tls->ssl))
		SSL_shutdown(tls->ssl);
	SSL_free(tls->ssl);
}

static void open_context(const char *certificate, const char *key)
{
	context = SSL_CTX_new(TLS_server_method());
	if (context == NULL || SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
		SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1) {
		fprintf(stderr, "bare_tls: %s and %s are no certificate and key\n", certificate,
			key);
		exit(EXIT_FAILURE);
	}
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(context, 1);
}

int main(int argc, char **argv)
{
	static const struct bare_server server = {
		.conn_size = sizeof(struct tls_conn),
		.conn_ready = tls_ready,
		.conn_close = tls_close,
		.second = hello_make,
	};

	if (argc != 6 || (strcmp(argv[3], "hello") != 0 && strcmp(argv[3], "close") != 0))
		bare_usage("ADDR PORT hello|close CERTIFICATE KEY");
	close_behind = strcmp(argv[3], "close") == 0;
	if (close_behind)
		hello_say("Connection: close\r\n");
	signal(SIGPIPE, SIG_IGN);
	open_context(argv[4], argv[5]);
	bare_serve(argv[1], argv[2], &server);
}
