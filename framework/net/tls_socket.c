/* SPDX-License-Identifier: MIT */
/*
 * tls_socket.c - OpenSSL's way to the socket.
 *
 * OpenSSL's own sends each record for itself: two tickets, the answer and the close_notify are
 * four packets, and each wakes the client.  Here the kernel is told when something follows.
 *
 * And OpenSSL reads on as long as what comes is for itself: new keys, the wish to begin anew.  Who sends nothing
 * else, as fast as it is read, would keep the loop in one call: so no call gets more than MOST.
 */
#include "net/tls_socket.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

enum { MOST = 128 * 1024 };      /* a stream's read and what is read ahead of it are less */

/* Nobody waits for the tickets of TLS 1.3, which come behind the client's Finished; and its
 * request lies there already. */
static bool are_tickets(SSL *ssl)
{
	return SSL_is_server(ssl) && SSL_in_init(ssl) && SSL_version(ssl) == TLS1_3_VERSION
		&& SSL_get_peer_finished(ssl, NULL, 0) > 0 && SSL_has_pending(ssl);
}

static int put(BIO *b, const char *data, int len)
{
	const struct tls *t = BIO_get_data(b);
	int more = t->followed || are_tickets(t->ssl) ? MSG_MORE : 0;
	ssize_t n = send(t->fd, data, (size_t)len, MSG_NOSIGNAL | more);

	BIO_clear_retry_flags(b);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_write(b);
	return (int)n;
}

static int get(BIO *b, char *data, int room)
{
	struct tls *t = BIO_get_data(b);
	ssize_t n = -1;

	BIO_clear_retry_flags(b);
	errno = EAGAIN;
	if (t->taken < MOST)
		n = recv(t->fd, data, (size_t)room, 0);
	if (n > 0)
		t->taken += (uint32_t)n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		BIO_set_retry_read(b);
	if (n == 0)
		BIO_set_flags(b, BIO_FLAGS_IN_EOF);
	return (int)n;
}

static long control(BIO *b, int what, long number, void *arg)
{
	(void)number;
	(void)arg;
	if (what == BIO_CTRL_EOF)
		return BIO_test_flags(b, BIO_FLAGS_IN_EOF) != 0;
	return what == BIO_CTRL_FLUSH;
}

/* One for all, of the thread of the loop, never freed. */
static const BIO_METHOD *method(void)
{
	static BIO_METHOD *made;

	if (made)
		return made;
	made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "portico");
	if (made) {
		BIO_meth_set_write(made, put);
		BIO_meth_set_read(made, get);
		BIO_meth_set_ctrl(made, control);
	}
	return made;
}

int tls_socket_use(struct tls *t)
{
	const BIO_METHOD *how = method();
	BIO *b = how ? BIO_new(how) : NULL;

	if (!b)
		return -1;
	BIO_set_data(b, t);
	BIO_set_init(b, 1);
	SSL_set_bio(t->ssl, b, b);
	return 0;
}
