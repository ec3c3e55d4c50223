/* SPDX-License-Identifier: MIT */
/* hang_in_start.c - its start() never comes back. */
#include <portico.h>
#include <unistd.h>

static int start(struct portico_service *service)
{
	portico_log(service, PORTICO_INFO, "hanging in start()");
	for (;;)
		pause();
	return 0;
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "never\n");
}

PORTICO_PLUGIN(.name = "hang_in_start", .start = start, .http_request = request)
