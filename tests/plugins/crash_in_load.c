/* SPDX-License-Identifier: MIT */
/* crash_in_load.c - its constructor ends the process that loads it. */
#include <portico.h>
#include <stdlib.h>

__attribute__((constructor))
static void crash(void)
{
	abort();
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "never\n");
}

PORTICO_PLUGIN(.name = "crash_in_load", .http_request = request)
