/* SPDX-License-Identifier: MIT */
/* short_reply.c - announces 100 bytes and ends after 10. */
#include <portico.h>

static int request(struct portico_request *req)
{
	portico_reply_begin(req, 200, 100);
	portico_reply_write(req, "0123456789", 10);
	portico_reply_end(req);
	return 0;
}

PORTICO_PLUGIN(.name = "short_reply", .http_request = request)
