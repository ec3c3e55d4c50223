/* SPDX-License-Identifier: MIT */
/* streamer.c - a reply in pieces from a timer: "piece 1\n" to "piece N\n". */
#include <portico.h>
#include <stdio.h>

struct streamer {
	int64_t pieces;
	double  gap;
};

struct answer {
	struct portico_timer *timer;
	int64_t               sent;
};

static void fire(void *arg)
{
	struct portico_request *req = arg;
	struct streamer *streamer = portico_service_state(portico_request_service(req));
	struct answer *answer = portico_request_state(req);
	char text[32];

	int len = snprintf(text, sizeof(text), "piece %d\n", (int)++answer->sent);
	if (portico_reply_write(req, text, (size_t)len) < 0)
		return;
	if (answer->sent < streamer->pieces)
		return;
	portico_timer_stop(answer->timer);
	answer->timer = NULL;
	portico_reply_end(req);
}

static int request(struct portico_request *req)
{
	struct portico_service *service = portico_request_service(req);
	struct streamer *streamer = portico_service_state(service);
	struct answer *answer = portico_request_state(req);

	portico_reply_header(req, "Content-Type", "text/plain");
	if (portico_reply_begin(req, 200, PORTICO_CHUNKED) < 0)
		return -1;
	answer->timer = portico_timer_start(service, streamer->gap, streamer->gap, fire, req);
	return answer->timer ? PORTICO_LATER : -1;
}

static void done(struct portico_request *req)
{
	struct answer *answer = portico_request_state(req);

	portico_timer_stop(answer->timer);
	portico_log(portico_request_service(req), PORTICO_INFO, "done after %d pieces",
		(int)answer->sent);
}

static const struct portico_option options[] = {
	PORTICO_OPTION_IN(INT, struct streamer, pieces, "5", "1..1000000", "how many"),
	PORTICO_OPTION(SECONDS, struct streamer, gap, "10ms", "time between two"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "streamer", .options = options, .service_size = sizeof(struct streamer),
	.request_size = sizeof(struct answer), .http_request = request, .http_done = done)
