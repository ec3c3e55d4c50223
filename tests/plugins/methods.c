/* SPDX-License-Identifier: MIT */
/* methods.c - knows GET and PUT, and says which of them it was. */
#include <portico.h>

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, portico_request_method(req));
}

PORTICO_PLUGIN(.name = "methods", .methods = "GET PUT", .http_request = request)
