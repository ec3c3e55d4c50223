/* SPDX-License-Identifier: MIT */
/* block.c - does what a handler must not, for ?MS milliseconds: /block sleeps, /spin
 * computes, /deaf sleeps and does not hear SIGABRT.  Answers "SLOT PID\n" to everything, and counts what it is asked. */
#include <portico.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct block {
	struct portico_counter *asked;
	struct portico_gauge   *level;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* They stand still for a time, not until something: that is what they are for.  Not static:
 * their names are to be seen in a backtrace. */
unsigned block_here(double until);
unsigned spin_here(double until);

__attribute__((noinline)) unsigned block_here(double until)
{
	unsigned naps = 0;

	for (; now() < until; naps++)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	return naps;
}

__attribute__((noinline)) unsigned spin_here(double until)
{
	unsigned rounds = 0;

	while (now() < until)
		rounds++;
	return rounds;
}

static void hear_no_abort(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGABRT);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int start(struct portico_service *service)
{
	struct block *block = portico_service_state(service);

	block->asked = portico_counter(service, "asked", "requests so far");
	block->level = portico_gauge(service, "level", "1 while the worker lives");
	portico_gauge_set(block->level, 1.);
	return 0;
}

static int request(struct portico_request *req)
{
	struct portico_service *service = portico_request_service(req);
	struct block *block = portico_service_state(service);
	const char *path = portico_request_path(req), *ms = portico_request_query(req);
	double until = now() + (ms ? atof(ms) / 1e3 : 0.);
	char text[64];

	portico_counter_add(block->asked, 1);
	if (ms)
		portico_log(service, PORTICO_INFO, "%s begins", path);
	if (strcmp(path, "/deaf") == 0)
		hear_no_abort();
	if (strcmp(path, "/block") == 0 || strcmp(path, "/deaf") == 0)
		block_here(until);
	if (strcmp(path, "/spin") == 0)
		spin_here(until);
	snprintf(text, sizeof(text), "%u %d\n", portico_service_worker(service), (int)getpid());
	return portico_reply_text(req, 200, text);
}

PORTICO_PLUGIN(.name = "block", .service_size = sizeof(struct block), .start = start,
	.http_request = request)
