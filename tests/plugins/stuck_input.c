/* SPDX-License-Identifier: MIT */
/* stuck_input.c - uses nothing of what it is given, and does not wait for more either. */
#include <portico.h>

static ssize_t data(struct portico_conn *conn, const void *bytes, size_t len)
{
	(void)conn;
	(void)bytes;
	(void)len;
	return 0;
}

PORTICO_PLUGIN(.name = "stuck_input", .tcp_data = data)
