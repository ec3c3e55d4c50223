/* SPDX-License-Identifier: MIT */
/* crash_in_start.c - its start() touches memory that is not its own. */
#include <portico.h>
#include <sys/mman.h>

static int start(struct portico_service *service)
{
	volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)service;
	*page = 1;
	return 0;
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "never\n");
}

PORTICO_PLUGIN(.name = "crash_in_start", .start = start, .http_request = request)
