/* SPDX-License-Identifier: MIT */
/*
 * block.c - a handler that now and then stops its worker: /block sleeps, all else answers at once.
 *
 * It sleeps as a query to a slow database would: the worker stands still and uses no CPU.
 */
#include <portico.h>
#include <string.h>
#include <time.h>

struct block {
	double length;
};

static void sleep_for(double seconds)
{
	struct timespec left = {.tv_sec = (time_t)seconds};

	left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
	while (nanosleep(&left, &left) != 0)
		;
}

static int request(struct portico_request *req)
{
	const struct block *block = portico_service_state(portico_request_service(req));

	if (strcmp(portico_request_path(req), "/block") == 0)
		sleep_for(block->length);
	return portico_reply_text(req, 200, "hello\n");
}

static const struct portico_option options[] = {
	PORTICO_OPTION(SECONDS, struct block, length, "20ms", "how long /block sleeps"),
	{0},
};

PORTICO_PLUGIN(.name = "block", .options = options, .service_size = sizeof(struct block),
	.http_request = request)
