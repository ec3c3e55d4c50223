/* SPDX-License-Identifier: MIT */
/* no_name.c - everything but a name. */
#include <portico.h>

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "never\n");
}

PORTICO_PLUGIN(.http_request = request)
