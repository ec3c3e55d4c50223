/* SPDX-License-Identifier: MIT */
/* overread.c - says that it used one byte more than there was. */
#include <portico.h>

static ssize_t data(struct portico_conn *conn, const void *bytes, size_t len)
{
	(void)conn;
	(void)bytes;
	return (ssize_t)len + 1;
}

static ssize_t body(struct portico_request *req, const void *bytes, size_t len)
{
	(void)req;
	(void)bytes;
	return (ssize_t)len + 1;
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "never\n");
}

PORTICO_PLUGIN(.name = "overread", .tcp_data = data, .http_body = body, .http_request = request)
