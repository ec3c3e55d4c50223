/* SPDX-License-Identifier: MIT */
/* fail_in_start.c - its start() says no, and why. */
#include <portico.h>

static int start(struct portico_service *service)
{
	portico_log(service, PORTICO_ERROR, "the database is on fire");
	return -1;
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "never\n");
}

PORTICO_PLUGIN(.name = "fail_in_start", .start = start, .http_request = request)
