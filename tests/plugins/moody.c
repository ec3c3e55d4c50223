/* SPDX-License-Identifier: MIT */
/* moody.c - says who answers, "SLOT PID\n", and misbehaves as its options say. */
#include <portico.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct moody {
	int64_t status;
	double  block;
	bool    crash;
	int64_t asked;
	int64_t every;
};

static const char *who(struct portico_service *service)
{
	static char text[64];

	snprintf(text, sizeof(text), "%u %d\n", portico_service_worker(service), (int)getpid());
	return text;
}

/* For a time, not until something: a handler that blocks is the case. */
static void stand_still(struct portico_service *service, double seconds)
{
	struct timespec left = { .tv_sec = (time_t)seconds };

	left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
	portico_log(service, PORTICO_INFO, "stands still");
	while (nanosleep(&left, &left) != 0)
		;
}

static int request(struct portico_request *req)
{
	struct portico_service *service = portico_request_service(req);
	struct moody *m = portico_service_state(service);
	bool now = ++m->asked % m->every == 0;

	if (m->crash && now)
		abort();
	if (m->block > 0. && (now || strcmp(portico_request_path(req), "/block") == 0))
		stand_still(service, m->block);
	return portico_reply_text(req, now ? (int)m->status : 200, who(service));
}

static const struct portico_option options[] = {
	PORTICO_OPTION(INT, struct moody, status, "200", "what it answers"),
	PORTICO_OPTION(SECONDS, struct moody, block, "0", "how long it stands still"),
	PORTICO_OPTION(BOOL, struct moody, crash, "no", "it dies"),
	PORTICO_OPTION_IN(INT, struct moody, every, "1", "1..1000000000", "in which request"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "moody", .options = options, .service_size = sizeof(struct moody),
	.http_request = request)
