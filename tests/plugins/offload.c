/* SPDX-License-Identifier: MIT */
/* offload.c - offloads what its path names: /quick, /wait (until a file is there), /hang, /crash, /deep;
 * tells the log when work begins and ends, and when a request is done before its work. */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <portico.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct offload {
	const char *file;
};

struct job {
	struct portico_request *req;     /* NULL: it is done */
	struct portico_service *service;
	struct offload          options;
	char                    path[16];
};

struct answer {
	struct job *job;
};

static volatile int zero;

static __attribute__((noinline)) int overrun(volatile char *above)
{
	volatile char block[4096];

	block[0] = *above;
	return zero ? 0 : overrun(block) + block[0];
}

static __attribute__((noinline)) void crash_in_work(void)
{
	*(volatile int *)(uintptr_t)zero = 1;
}

static void work(void *arg)
{
	const struct job *job = arg;
	volatile char here = 1;

	portico_log(job->service, PORTICO_INFO, "work %s begins", job->path);
	if (strcmp(job->path, "/crash") == 0)
		crash_in_work();
	if (strcmp(job->path, "/deep") == 0)
		overrun(&here);
	while (strcmp(job->path, "/hang") == 0)
		poll(NULL, 0, 1000);
	while (strcmp(job->path, "/wait") == 0 && access(job->options.file, F_OK) < 0)
		poll(NULL, 0, 5);
}

static void ended(struct portico_service *service, void *arg, int error)
{
	struct job *job = arg;

	portico_log(service, PORTICO_INFO, "work %s %s", job->path,
		error == ECANCELED ? "cancelled" : job->req ? "done" : "done for nobody");
	if (job->req) {
		((struct answer *)portico_request_state(job->req))->job = NULL;
		portico_reply_text(job->req, error ? 503 : 200, job->path);
	}
	free(job);
}

static int request(struct portico_request *req)
{
	struct portico_service *service = portico_request_service(req);
	struct answer *answer = portico_request_state(req);
	struct job *job = calloc(1, sizeof(*job));

	job->req = req;
	job->service = service;
	job->options = *(struct offload *)portico_service_state(service);
	strncpy(job->path, portico_request_path(req), sizeof(job->path) - 1);
	if (portico_offload(service, work, ended, job) < 0) {
		free(job);
		return portico_reply_text(req, 503, strerrorname_np(errno));
	}
	answer->job = job;
	return PORTICO_LATER;
}

static void done(struct portico_request *req)
{
	struct answer *answer = portico_request_state(req);

	if (!answer->job)
		return;
	answer->job->req = NULL;
	portico_log(portico_request_service(req), PORTICO_INFO, "request %s is done before its work",
		answer->job->path);
}

static void stop(struct portico_service *service)
{
	portico_log(service, PORTICO_INFO, "stop");
}

static const struct portico_option options[] = {
	PORTICO_OPTION(STRING, struct offload, file, "/nowhere", "what /wait waits for"),
	{ 0 },
};

PORTICO_PLUGIN(.name = "offload", .options = options, .service_size = sizeof(struct offload),
	.request_size = sizeof(struct answer), .http_request = request, .http_done = done,
	.stop = stop)
