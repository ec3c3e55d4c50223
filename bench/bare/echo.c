/* SPDX-License-Identifier: MIT */
/*
 * echo.c - a bare loop that echoes TCP.
 *
 * Reads into one shared buffer and sends it back at once.  What the socket does not take is kept,
 * and nothing more is read from that peer until it is gone:
 *
 *     READING --send was short--> FLUSHING --rest is empty--> READING
 */
#include "bare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct echo_conn {
	struct bare_conn base;
	char *rest; /* owned; NULL while READING */
	size_t rest_size;
	size_t rest_sent;
};

static char buffer[64 * 1024];

static int would_block(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Bytes that the socket took, perhaps none; -1: the peer is gone. */
static ssize_t send_some(const struct echo_conn *echo, const char *data, size_t size)
{
	ssize_t sent = send(echo->base.fd, data, size, MSG_NOSIGNAL);
	if (sent < 0 && would_block())
		return 0;
	return sent;
}

static int keep_rest(struct echo_conn *echo, const char *data, size_t size)
{
	echo->rest = malloc(size);
	if (echo->rest == NULL)
		return -1;
	memcpy(echo->rest, data, size);
	echo->rest_size = size;
	echo->rest_sent = 0;
	bare_conn_wait(&echo->base, BARE_WRITABLE);
	return 0;
}

static int flush_rest(struct echo_conn *echo)
{
	ssize_t sent =
		send_some(echo, echo->rest + echo->rest_sent, echo->rest_size - echo->rest_sent);
	if (sent < 0) {
		free(echo->rest);
		return -1;
	}
	echo->rest_sent += (size_t)sent;
	if (echo->rest_sent < echo->rest_size)
		return 0;
	free(echo->rest);
	echo->rest = NULL;
	bare_conn_wait(&echo->base, BARE_READABLE);
	return 0;
}

static int echo_once(struct echo_conn *echo)
{
	ssize_t got = recv(echo->base.fd, buffer, sizeof(buffer), 0);
	if (got <= 0)
		return got < 0 && would_block() ? 0 : -1;
	ssize_t sent = send_some(echo, buffer, (size_t)got);
	if (sent == got)
		return 0;
	return sent < 0 ? -1 : keep_rest(echo, buffer + sent, (size_t)(got - sent));
}

static int echo_ready(struct bare_conn *conn)
{
	struct echo_conn *echo = (struct echo_conn *)conn;
	return echo->rest != NULL ? flush_rest(echo) : echo_once(echo);
}

int main(int argc, char **argv)
{
	static const struct bare_server server = {
		.conn_size = sizeof(struct echo_conn),
		.conn_ready = echo_ready,
	};
	if (argc != 3)
		bare_usage("ADDR PORT");
	bare_serve(argv[1], argv[2], &server);
}
