/* SPDX-License-Identifier: MIT */
/* no_reply.c - returns without a reply; for /fail with -1. */
#include <portico.h>
#include <string.h>

static int request(struct portico_request *req)
{
	return strstr(portico_request_path(req), "fail") ? -1 : 0;
}

PORTICO_PLUGIN(.name = "no_reply", .http_request = request)
