/* SPDX-License-Identifier: MIT */
/* crash_on_request.c - touches memory that is not its own when asked for /crash. */
#include <portico.h>
#include <string.h>
#include <sys/mman.h>

static int request(struct portico_request *req)
{
	if (strstr(portico_request_path(req), "crash")) {
		volatile char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		*page = 1;
	}
	return portico_reply_text(req, 200, "fine\n");
}

PORTICO_PLUGIN(.name = "crash_on_request", .http_request = request)
