/* SPDX-License-Identifier: MIT */
/* exit_in_load.c - its constructor takes whoever loads it for its own program and leaves it with exit(0). */
#include <portico.h>
#include <stdlib.h>

__attribute__((constructor))
static void leave(void)
{
	exit(0);
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "never\n");
}

PORTICO_PLUGIN(.name = "exit_in_load", .http_request = request)
