/* SPDX-License-Identifier: MIT */
/*
 * offload.c - work of handlers that may block, and its end on the loop.
 *
 * The threads touch nothing of the loop's: they do the work of a job and ring a bell.
 */
#include "proto/offload.h"

#include <errno.h>
#include <stdlib.h>

#include "proto/handler.h"
#include "sys/page.h"
#include "sys/pool.h"

struct job {
	struct pool_task        task;        /* first: it is how the pool knows a job */
	struct portico_service *handler;
	void                  (*work)(void *arg);
	void                  (*done)(struct portico_service *h, void *arg, int error);
	void                   *arg;
};

_Static_assert(offsetof(struct job, task) == 0, "task comes first");

static void do_work(struct pool_task *t)
{
	const struct job *job = (struct job *)t;

	job->work(job->arg);
}

const char *offload_here(void)
{
	const struct job *job = (const struct job *)pool_here();
	return job ? job->handler->label : NULL;
}

/* ---- the loop ---- */

static void end_job(struct offload *o, struct job *job)
{
	struct portico_service *h = job->handler;

	o->due--;
	handler_enter(h, PULSE_OFFLOAD);
	job->done(h, job->arg, job->task.dropped ? ECANCELED : 0);
	handler_leave(h);
	free(job);
}

/* What a done() offloads finishes in a later turn. */
static void end_finished(struct offload *o)
{
	struct pool_task *next;

	for (struct pool_task *t = pool_take(o->pool); t; t = next) {
		next = t->next;
		end_job(o, (struct job *)t);
	}
}

static void on_bell(struct ev_loop *loop, ev_io *w, int events)
{
	(void)loop;
	(void)events;
	end_finished(w->data);
}

/* ---- handlers ---- */

static int open_pool(struct offload *o)
{
	o->pool = pool_create(o->threads, o->queue, &o->page->offload);
	if (!o->pool)
		return -1;
	ev_io_init(&o->bell, on_bell, pool_bell(o->pool), EV_READ);
	o->bell.data = o;
	ev_io_start(o->loop, &o->bell);
	return 0;
}

static int give(struct offload *o, struct job *job)
{
	if (pool_give(o->pool, &job->task) < 0)
		return -1;
	o->due++;
	return 0;
}

static int refusal(const struct offload *o, bool whole)
{
	if (pool_here())
		return EPERM;
	if (!o || !o->loop || !whole)
		return EINVAL;
	return o->over ? ECANCELED : 0;
}

int portico_offload(struct portico_service *h, void (*work)(void *arg),
	void (*done)(struct portico_service *h, void *arg, int error), void *arg)
{
	struct offload *o = h->offload;

	errno = refusal(o, work && done);
	if (errno || (!o->pool && open_pool(o) < 0))
		return -1;
	struct job *job = malloc(sizeof(*job));
	if (!job)
		return -1;
	*job = (struct job){
		.task.work = do_work,
		.handler = h,
		.work = work,
		.done = done,
		.arg = arg,
	};
	if (give(o, job) == 0)
		return 0;
	int error = errno;
	free(job);
	errno = error;
	return -1;
}

/* ---- the worker ---- */

void offload_init(struct offload *o, struct ev_loop *loop, struct page *page, unsigned threads,
	unsigned queue)
{
	*o = (struct offload){ .loop = loop, .page = page, .threads = threads, .queue = queue };
}

bool offload_is_done(const struct offload *o)
{
	return o->due == 0 || (o->over && o->due <= pool_busy(o->pool));
}

void offload_give_up(struct offload *o)
{
	o->over = true;
	if (o->pool)
		pool_drop(o->pool);
}

bool offload_fini(struct offload *o)
{
	o->over = true;
	if (!o->pool)
		return true;
	bool quiet = pool_end(o->pool);
	end_finished(o);
	if (!quiet)
		return false;
	ev_io_stop(o->loop, &o->bell);
	pool_destroy(o->pool);
	o->pool = NULL;
	return true;
}
