/* SPDX-License-Identifier: MIT */
/* counter.c - state of a connection: numbers the lines that a TCP client
 * sends, and says at its end how many there were. */
#include <portico.h>
#include <stdio.h>
#include <string.h>

struct counter {                 /* one for each connection, zeroed */
	unsigned lines;
};

/* Uses whole lines only; the rest comes back with what arrives next. */
static ssize_t data(struct portico_conn *conn, const void *bytes, size_t len)
{
	struct counter *counter = portico_conn_state(conn);
	const char *at = bytes, *end = at + len, *newline;
	char number[16];

	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		int n = snprintf(number, sizeof(number), "%u ", ++counter->lines);
		if (portico_conn_write(conn, number, (size_t)n) < 0)
			return -1;
		if (portico_conn_write(conn, at, (size_t)(newline + 1 - at)) < 0)
			return -1;
		at = newline + 1;
	}
	return at - (const char *)bytes;
}

/* The client has ended its side but still reads: say goodbye. */
static void eof(struct portico_conn *conn)
{
	struct counter *counter = portico_conn_state(conn);
	char text[32];
	int n = snprintf(text, sizeof(text), "%u lines\n", counter->lines);

	portico_conn_write(conn, text, (size_t)n);
	portico_conn_close(conn);
}

PORTICO_PLUGIN(.name = "counter", .summary = "numbers the lines of each connection",
	.conn_size = sizeof(struct counter), .tcp_data = data, .tcp_eof = eof)
