/* SPDX-License-Identifier: MIT */
/* gush.c - /endless: an answer of which each kilobyte takes a while to make, and that never
 * ends; anything else: "short\n" at once. */
#include <portico.h>
#include <string.h>
#include <time.h>

#define COST 200e-6      /* seconds a kilobyte */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void more(struct portico_request *req)
{
	static char block[1024];

	for (double end = now() + COST; now() < end;)
		;
	portico_reply_write(req, block, sizeof(block));
}

static int request(struct portico_request *req)
{
	if (strcmp(portico_request_path(req), "/endless") != 0)
		return portico_reply_text(req, 200, "short\n");
	return portico_reply_begin(req, 200, PORTICO_CHUNKED) < 0 ? -1 : PORTICO_LATER;
}

PORTICO_PLUGIN(.name = "gush", .http_request = request, .http_drained = more)
