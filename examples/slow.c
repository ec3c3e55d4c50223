/* SPDX-License-Identifier: MIT */
/* slow.c - work that blocks, away from the loop: the worker serves others meanwhile.
 *
 * Here it sleeps; it could as well ask a database, read a slow disk or hash a password.
 * The client may be gone before the work is done.  So what the two share is neither the request's
 * nor the service's: a job of its own, which knows its request as long as that lives, and
 * which is freed when its work has come to its end. */
#include <errno.h>
#include <portico.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct slow {                    /* one for each service */
	double takes;
};

struct job {
	struct portico_request *req;     /* the loop's alone; NULL: the client is gone */
	double                  takes;
	char                    text[64];
};

struct answer {                  /* one for each request */
	struct job *job;
};

/* In a thread: it knows the job, but for its request, and nothing else. */
static void work(void *arg)
{
	struct job *job = arg;
	struct timespec rest = {
		.tv_sec = (time_t)job->takes,
		.tv_nsec = (long)((job->takes - (double)(time_t)job->takes) * 1e9),
	};

	while (nanosleep(&rest, &rest) < 0 && errno == EINTR)
		;
	snprintf(job->text, sizeof(job->text), "That took %g s\n", job->takes);
}

/* On the loop again; error: the work was dropped, since this worker ends. */
static void finished(struct portico_service *service, void *arg, int error)
{
	struct job *job = arg;

	(void)service;
	if (job->req) {
		struct answer *answer = portico_request_state(job->req);
		answer->job = NULL;
		portico_reply_text(job->req, error ? 503 : 200, error ? "No time left\n" : job->text);
	}
	free(job);
}

static int refuse(struct portico_request *req)
{
	portico_reply_header(req, "Retry-After", "1");
	return portico_reply_text(req, 503, "Too much to do\n");
}

static int request(struct portico_request *req)
{
	struct portico_service *service = portico_request_service(req);
	const struct slow *slow = portico_service_state(service);
	struct answer *answer = portico_request_state(req);
	struct job *job = malloc(sizeof(*job));

	if (!job)
		return -1;
	*job = (struct job){ .req = req, .takes = slow->takes };
	if (portico_offload(service, work, finished, job) < 0) {
		int error = errno;
		free(job);
		return error == EAGAIN ? refuse(req) : -1;
	}
	answer->job = job;
	return PORTICO_LATER;
}

/* The reply is out, or the client went away before. */
static void done(struct portico_request *req)
{
	struct answer *answer = portico_request_state(req);

	if (answer->job)
		answer->job->req = NULL;
}

static const struct portico_option options[] = {
	PORTICO_OPTION_IN(SECONDS, struct slow, takes, "1s", "0..60s", "how long the work takes"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "slow", .summary = "does its work away from the loop", .options = options,
	.service_size = sizeof(struct slow), .request_size = sizeof(struct answer),
	.http_request = request, .http_done = done)
