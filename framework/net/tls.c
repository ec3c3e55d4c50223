/* SPDX-License-Identifier: MIT */
/*
 * tls.c - a stream's transport: TLS 1.2 and 1.3 over its socket (OpenSSL 3).
 *
 * OpenSSL reads ahead: a record is not fetched in two calls, its head and its
 * rest.  So it may hold bytes that epoll(7) does not know of; `more` says so.
 */
#include "net/tls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "net/tls_context.h"
#include "net/tls_socket.h"

struct tls *tls_open(struct tls_context *c, int fd)
{
	struct tls *t = calloc(1, sizeof(*t));

	if (t && (t->ssl = SSL_new(tls_context_first(c))) && tls_socket_use(t) == 0) {
		SSL_set_accept_state(t->ssl);
		t->fd = fd;
		return t;
	}
	tls_close(t);
	errno = ENOMEM;
	return NULL;
}

void tls_close(struct tls *t)
{
	if (!t)
		return;
	SSL_free(t->ssl);
	free(t);
}

/* ---- what went wrong ----
 *
 * SSL_get_error(3) takes what anybody left in OpenSSL's queue, a handler too, for the connection's:
 * the queue has to be looked at before each call then, also where nothing goes wrong.  So the
 * connection itself is asked. */

/* The socket has no bytes, or no room, for what was tried last. */
static bool waits(const struct tls *t)
{
	return SSL_want(t->ssl) != SSL_NOTHING && BIO_should_retry(SSL_get_rbio(t->ssl));
}

/* After an error of the protocol, whoever made it, a connection is never past its handshake again. */
static bool is_broken(const struct tls *t)
{
	return SSL_in_init(t->ssl);
}

static void tell_failure(const char *when)
{
	char text[160];

	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	log_debug("tls: %s: %s", when, text);
}

static bool is_unexpected_end(void)
{
	return ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
}

/* Who took our port for one without TLS understands no alert. */
static void answer_in_clear(const struct tls *t)
{
	static const char answer[] =
		"HTTP/1.1 400 Bad Request\r\n"
		"Content-Type: text/plain\r\n"
		"Content-Length: 37\r\n"
		"Connection: close\r\n"
		"\r\n"
		"this port speaks TLS; write https://\n";

	if (SSL_is_server(t->ssl) && ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_HTTP_REQUEST
		&& tls_context_is_http(t->ssl))
		(void)send(t->fd, answer, sizeof(answer) - 1, MSG_NOSIGNAL);
}

/* ---- the handshake ---- */

enum tls_outcome tls_shake(struct tls *t)
{
	ERR_clear_error();
	t->wants_write = false;
	t->taken = 0;
	int result = SSL_do_handshake(t->ssl);
	if (result == 1) {
		t->ready = true;
		t->more = SSL_has_pending(t->ssl);
		return TLS_DONE;
	}
	switch (SSL_get_error(t->ssl, result)) {
	case SSL_ERROR_WANT_WRITE:
		t->wants_write = true;
		return TLS_LATER;
	case SSL_ERROR_WANT_READ:
		return TLS_LATER;
	case SSL_ERROR_SSL:
		break;
	default:
		t->failed = true;
		return TLS_OVER;
	}
	t->failed = true;
	if (is_unexpected_end())
		return TLS_OVER;
	tell_failure("handshake");
	answer_in_clear(t);
	return TLS_FAILED;
}

/* ---- bytes ---- */

/* After a result that is no number of bytes; -1 and errno, or 0 at an orderly end. */
static ssize_t explain(struct tls *t)
{
	bool broken = is_broken(t);

	if (waits(t)) {
		errno = EAGAIN;
		return -1;
	}
	if (!broken && (SSL_get_shutdown(t->ssl) & SSL_RECEIVED_SHUTDOWN))
		return 0;
	t->failed = true;
	broken = broken && !is_unexpected_end();
	if (broken)
		tell_failure("connection");
	errno = broken ? EPROTO : ECONNRESET;
	return -1;
}

/* As many records as there are and fit. */
ssize_t tls_recv(struct tls *t, void *data, size_t room)
{
	size_t got = 0, n;
	int result;

	t->wants_write = false;
	t->taken = 0;
	do {
		n = 0;
		result = SSL_read_ex(t->ssl, (char *)data + got, room - got, &n);
		got += n;
		t->more = result == 1 && SSL_has_pending(t->ssl);
	} while (t->more && got < room);
	if (result == 1)
		return (ssize_t)got;
	if (SSL_want_write(t->ssl))
		t->wants_write = true;
	if (got == 0)
		return explain(t);
	/* An end behind the bytes is told by the next call. */
	t->more = !SSL_want_read(t->ssl) && !SSL_want_write(t->ssl);
	return (ssize_t)got;
}

/* As many records as the socket takes. */
ssize_t tls_send(struct tls *t, const void *data, size_t len, bool more)
{
	size_t sent = 0, n;
	int result = 1;

	t->followed = more;
	while (sent < len && result == 1) {
		n = 0;
		result = SSL_write_ex(t->ssl, (const char *)data + sent, len - sent, &n);
		sent += n;
	}
	if (sent > 0)
		return (ssize_t)sent;
	ssize_t why = explain(t);
	if (why < 0)
		return why;
	errno = ECONNRESET;
	return -1;
}

uint64_t tls_written(const struct tls *t)
{
	return BIO_number_written(SSL_get_wbio(t->ssl));
}

bool tls_end(struct tls *t, bool last)
{
	if (!t->ready || t->failed)
		return true;
	t->followed = last;
	return SSL_shutdown(t->ssl) >= 0 || !waits(t);
}
