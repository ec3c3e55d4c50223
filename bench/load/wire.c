/* SPDX-License-Identifier: MIT */
/*
 * wire.c - one connection of the load, with TLS or without.
 *
 * Connections to 127.0.0.0/8 come from many addresses, so that a load of new ones does not run out
 * of ports.
 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bare/bare.h"

enum { SOURCES = 64, SOURCE_BASE = (127 << 24) | (0 << 16) | (1 << 8) };

static SSL_CTX *context;

static void set_flag(int fd, int level, int option)
{
	const int on = 1;
	if (setsockopt(fd, level, option, &on, sizeof(on)) != 0)
		bare_fail("setsockopt");
}

static void bind_source(int fd)
{
	static unsigned next;
	struct sockaddr_in from = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(SOURCE_BASE + 1 + next++ % SOURCES),
	};

	set_flag(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0)
		bare_fail("bind");
}

static bool is_loopback(const struct addrinfo *where)
{
	const struct sockaddr_in *to = (const struct sockaddr_in *)where->ai_addr;
	return where->ai_family == AF_INET && ntohl(to->sin_addr.s_addr) >> 24 == 127;
}

/* A ticket may come at any time after the handshake; the newest one is the one to use. */
static int keep_session(SSL *ssl, SSL_SESSION *session)
{
	struct wire *wire = SSL_get_app_data(ssl);

	SSL_SESSION_free(wire->session);
	wire->session = session;
	return 1;
}

static void open_context(void)
{
	context = SSL_CTX_new(TLS_client_method());
	if (context == NULL)
		bare_fail("SSL_CTX_new");
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(context, keep_session);
}

static int start_tls(struct wire *wire, const struct load_plan *plan)
{
	if (context == NULL)
		open_context();
	wire->ssl = SSL_new(context);
	if (wire->ssl == NULL || SSL_set_fd(wire->ssl, wire->fd) != 1)
		return -1;
	SSL_set_app_data(wire->ssl, wire);
	if (plan->tls == LOAD_RESUMED && wire->session != NULL)
		SSL_set_session(wire->ssl, wire->session);
	return 0;
}

int wire_open(struct wire *wire, const struct load_plan *plan)
{
	const struct addrinfo *to = plan->where;

	wire->fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (wire->fd < 0)
		bare_fail("socket");
	if (is_loopback(to))
		bind_source(wire->fd);
	set_flag(wire->fd, IPPROTO_TCP, TCP_NODELAY);
	if ((connect(wire->fd, to->ai_addr, to->ai_addrlen) != 0 && errno != EINPROGRESS) ||
		(plan->tls != LOAD_PLAIN && start_tls(wire, plan) != 0)) {
		wire_close(wire);
		return -1;
	}
	return 0;
}

bool wire_is_open(struct wire *wire)
{
	struct pollfd writable = {.fd = wire->fd, .events = POLLOUT};
	socklen_t len = sizeof(errno);

	return poll(&writable, 1, -1) == 1 &&
	       getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &errno, &len) == 0 && errno == 0;
}

/* A session whose connection ended without a shutdown is not resumed by OpenSSL. */
void wire_close(struct wire *wire)
{
	if (wire->ssl != NULL)
		SSL_set_shutdown(wire->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
	SSL_free(wire->ssl);
	wire->ssl = NULL;
	if (wire->fd >= 0)
		close(wire->fd);
	wire->fd = -1;
}

void wire_free(struct wire *wire)
{
	wire_close(wire);
	SSL_SESSION_free(wire->session);
	wire->session = NULL;
}

void wire_set_blocking(struct wire *wire, bool blocking)
{
	if (fcntl(wire->fd, F_SETFL, blocking ? 0 : O_NONBLOCK) != 0)
		bare_fail("fcntl");
}

int wire_shake(struct wire *wire, const struct load_plan *plan)
{
	if (plan->tls == LOAD_PLAIN)
		return 1;
	int result = SSL_connect(wire->ssl);
	if (result != 1)
		return SSL_get_error(wire->ssl, result) == SSL_ERROR_WANT_READ ? 0 : -1;
	/* The first one of a peer has nothing to resume. */
	bool expected = plan->tls == LOAD_RESUMED && wire->session != NULL;
	return SSL_session_reused(wire->ssl) == expected ? 1 : -1;
}

int wire_send(struct wire *wire, const char *bytes, size_t len)
{
	ssize_t sent = wire->ssl != NULL ? SSL_write(wire->ssl, bytes, (int)len)
					 : send(wire->fd, bytes, len, MSG_NOSIGNAL);
	return sent == (ssize_t)len ? 0 : -1;
}

static ssize_t receive_tls(struct wire *wire, char *bytes, size_t room)
{
	int got = SSL_read(wire->ssl, bytes, (int)room);

	if (got > 0)
		return got;
	switch (SSL_get_error(wire->ssl, got)) {
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_WANT_READ:
		errno = EAGAIN;
		return -1;
	default:
		errno = EPROTO;
		return -1;
	}
}

ssize_t wire_receive(struct wire *wire, char *bytes, size_t room)
{
	return wire->ssl != NULL ? receive_tls(wire, bytes, room) : recv(wire->fd, bytes, room, 0);
}

int wire_upgrade(struct wire *wire)
{
	static const char request[] =
		"GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	char answer[2048] = "";
	size_t used = 0;

	if (wire_send(wire, request, sizeof(request) - 1) != 0)
		return -1;
	while (strstr(answer, "\r\n\r\n") == NULL) {
		ssize_t got = wire_receive(wire, answer + used, sizeof(answer) - 1 - used);
		if (got <= 0)
			return -1;
		used += (size_t)got;
		answer[used] = '\0';
	}
	return strncmp(answer, "HTTP/1.1 101", 12) == 0 ? 0 : -1;
}
