/* SPDX-License-Identifier: MIT */
/* unresolved.c - calls a function that nobody has. */
#include <portico.h>

int there_is_no_such_function(void);

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200 + there_is_no_such_function(), "never\n");
}

PORTICO_PLUGIN(.name = "unresolved", .http_request = request)
