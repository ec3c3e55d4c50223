/* SPDX-License-Identifier: MIT */
/* gate.c - its start() takes until a file is there; then it answers. */
#include <poll.h>
#include <portico.h>
#include <unistd.h>

struct gate {
	const char *file;
};

static int start(struct portico_service *service)
{
	struct gate *gate = portico_service_state(service);

	portico_log(service, PORTICO_INFO, "waiting at the gate");
	while (access(gate->file, F_OK) < 0)
		poll(NULL, 0, 5);
	return 0;
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "through\n");
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct gate, file, NULL, "what to wait for"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "gate", .options = options, .service_size = sizeof(struct gate),
	.start = start, .http_request = request)
