/* SPDX-License-Identifier: MIT */
/* fail_from.c - its start() says no in the workers from a number on; the others answer. */
#include <portico.h>

struct limit {
	int64_t from;
};

static int start(struct portico_service *service)
{
	const struct limit *limit = portico_service_state(service);

	if (portico_service_worker(service) < limit->from)
		return 0;
	portico_log(service, PORTICO_ERROR, "too many of us");
	return -1;
}

static int request(struct portico_request *req)
{
	return portico_reply_text(req, 200, "fine\n");
}

static const struct portico_option options[] = {
	PORTICO_OPTION_IN(INT, struct limit, from, "2", "0..1024", "the first that fails"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "fail_from", .options = options, .service_size = sizeof(struct limit),
	.start = start, .http_request = request)
