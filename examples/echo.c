/* SPDX-License-Identifier: MIT */
/* echo.c - TCP: sends back what comes (RFC 862). */
#include <portico.h>

static ssize_t data(struct portico_conn *conn, const void *bytes, size_t len)
{
	return portico_conn_write(conn, bytes, len);
}

PORTICO_PLUGIN(.name = "echo", .summary = "sends back what comes over TCP", .tcp_data = data)
