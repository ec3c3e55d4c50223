/* SPDX-License-Identifier: MIT */
/* deferred.c - tells the log when it has a request in hand and when that is done;
 * answers as soon as a file is there. */
#include <portico.h>
#include <unistd.h>

struct deferred {
	const char *file;
};

struct answer {
	struct portico_timer *timer;
};

static void look(void *arg)
{
	struct portico_request *req = arg;
	struct deferred *deferred = portico_service_state(portico_request_service(req));

	if (access(deferred->file, F_OK) == 0)
		portico_reply_text(req, 200, "at last\n");
}

static int request(struct portico_request *req)
{
	struct portico_service *service = portico_request_service(req);
	struct answer *answer = portico_request_state(req);

	answer->timer = portico_timer_start(service, 0.005, 0.005, look, req);
	portico_log(service, PORTICO_INFO, "request in hand");
	return answer->timer ? PORTICO_LATER : -1;
}

static void done(struct portico_request *req)
{
	struct answer *answer = portico_request_state(req);

	portico_timer_stop(answer->timer);
	portico_log(portico_request_service(req), PORTICO_INFO, "request done");
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct deferred, file, NULL, "what to wait for"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "deferred", .options = options, .service_size = sizeof(struct deferred),
	.request_size = sizeof(struct answer), .http_request = request, .http_done = done)
