/* SPDX-License-Identifier: MIT */
/* bad_methods.c - names its methods as a header would. */
#include <portico.h>

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "never\n");
}

PORTICO_PLUGIN(.name = "bad_methods", .methods = "GET, PUT", .http_request = request)
