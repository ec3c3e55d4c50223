/* SPDX-License-Identifier: MIT */
/* exit_on_request.c - takes the worker for its own program and leaves it with exit(0). */
#include <portico.h>
#include <stdlib.h>
#include <string.h>

static int request(struct portico_request *req)
{
	if (strstr(portico_request_path(req), "exit"))
		exit(0);
	return portico_reply_text(req, 200, "fine\n");
}

PORTICO_PLUGIN(.name = "exit_on_request", .http_request = request)
