/* SPDX-License-Identifier: MIT */
/* later.c - a deferred reply: the answer comes when a timer fires, and the
 * worker serves others meanwhile. */
#include <portico.h>

struct later {                   /* one for each service */
	double wait;
};

struct answer {                  /* one for each request */
	struct portico_timer *timer;
};

static void fire(void *arg)
{
	portico_reply_text(arg, 200, "Sorry to keep you waiting\n");
}

static int request(struct portico_request *req)
{
	struct portico_service *service = portico_request_service(req);
	struct later *later = portico_service_state(service);
	struct answer *answer = portico_request_state(req);

	answer->timer = portico_timer_start(service, later->wait, 0, fire, req);
	return answer->timer ? PORTICO_LATER : -1;
}

/* The reply is out, or the client went away before: either way the timer must
 * not fire for this request any more. */
static void done(struct portico_request *req)
{
	struct answer *answer = portico_request_state(req);
	portico_timer_stop(answer->timer);
}

static const struct portico_option options[] = {
	PORTICO_OPTION_IN(SECONDS, struct later, wait, "1s", "0..60s", "how long the answer takes"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "later", .summary = "answers after a while", .options = options,
	.service_size = sizeof(struct later), .request_size = sizeof(struct answer),
	.http_request = request, .http_done = done)
