/* SPDX-License-Identifier: MIT */
/* die_early.c - while a file is there, worker 0 dies again and again. */
#include <portico.h>
#include <unistd.h>

struct mortal {
	const char *file;
};

static void look(void *arg)
{
	struct mortal *mortal = arg;

	if (access(mortal->file, F_OK) == 0)
		_exit(42);
}

static int start(struct portico_service *service)
{
	if (portico_service_worker(service) > 0)
		return 0;
	return portico_timer_start(service, 0.02, 0.02, look, portico_service_state(service)) ? 0 : -1;
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "alive\n");
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct mortal, file, NULL, "what to die of"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "die_early", .options = options, .service_size = sizeof(struct mortal),
	.start = start, .http_request = request)
