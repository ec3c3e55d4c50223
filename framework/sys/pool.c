/* SPDX-License-Identifier: MIT */
/*
 * pool.c - threads for work that may block, and a bounded queue in front of them.
 *
 * One lock for all: a task is two list moves, and what it does takes far longer, or it
 * need not be here.
 */
#include "sys/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/page.h"

enum { SIGNAL_STACK = 64 * 1024 };

struct list {
	struct pool_task *first, *last;
};

struct pool_thread {
	struct pool *pool;
	pthread_t    thread;
	uint64_t     since;      /* when its task began, by clock_ns(); 0: it has none */
};

struct pool {
	pthread_mutex_t      lock;       /* for all below */
	pthread_cond_t       work;       /* something waits, or the end has come */
	struct list          waiting, finished;
	unsigned             waiting_count, waiting_limit;
	unsigned             idle, busy; /* threads */
	bool                 dropping;   /* takes nothing more */
	bool                 ending;
	int                  bell;
	struct page_offload *told;
	unsigned             thread_count, thread_limit;
	struct pool_thread   threads[];
};

static _Thread_local const struct pool_task *here;

const struct pool_task *pool_here(void)
{
	return here;
}

static void append(struct list *l, struct pool_task *t)
{
	t->next = NULL;
	if (l->last)
		l->last->next = t;
	else
		l->first = t;
	l->last = t;
}

static struct pool_task *shift(struct list *l)
{
	struct pool_task *t = l->first;

	l->first = t->next;
	if (!l->first)
		l->last = NULL;
	return t;
}

static void ring(const struct pool *p)
{
	uint64_t one = 1;

	(void)!write(p->bell, &one, sizeof(one));
}

/* ---- what others are told; under the lock ---- */

static void tell(struct pool *p)
{
	uint64_t oldest = 0;

	for (unsigned i = 0; i < p->thread_count; i++) {
		uint64_t since = p->threads[i].since;
		if (since > 0 && (oldest == 0 || since < oldest))
			oldest = since;
	}
	atomic_store_explicit(&p->told->busy, (uint16_t)p->busy, memory_order_relaxed);
	atomic_store_explicit(&p->told->threads, (uint16_t)p->thread_count, memory_order_relaxed);
	atomic_store_explicit(&p->told->queued, p->waiting_count, memory_order_relaxed);
	atomic_store_explicit(&p->told->since, oldest, memory_order_relaxed);
}

static void finish(struct pool *p, struct pool_task *t)
{
	if (!p->finished.first)
		ring(p);
	append(&p->finished, t);
}

/* ---- a thread ---- */

static struct pool_task *begin(struct pool_thread *self)
{
	struct pool *p = self->pool;
	struct pool_task *t = shift(&p->waiting);

	p->waiting_count--;
	p->busy++;
	self->since = clock_ns();
	tell(p);
	return t;
}

static void end(struct pool_thread *self, struct pool_task *t)
{
	struct pool *p = self->pool;

	p->busy--;
	self->since = 0;
	finish(p, t);
	tell(p);
}

static void await_work(struct pool *p)
{
	p->idle++;
	while (!p->waiting.first && !p->ending)
		pthread_cond_wait(&p->work, &p->lock);
	p->idle--;
}

static void work_all(struct pool_thread *self)
{
	struct pool *p = self->pool;

	pthread_mutex_lock(&p->lock);
	for (await_work(p); p->waiting.first; await_work(p)) {
		struct pool_task *t = begin(self);
		pthread_mutex_unlock(&p->lock);
		here = t;
		t->work(t);
		here = NULL;
		pthread_mutex_lock(&p->lock);
		end(self, t);
	}
	pthread_mutex_unlock(&p->lock);
}

/* Its own stack for signals: one that is told of the overrun of this one needs another, and at
 * this end it is not overrun.  What a sanitizer has put there comes back before it looks. */
static void *run(void *arg)
{
	char room[SIGNAL_STACK];
	const stack_t other = { .ss_sp = room, .ss_size = sizeof(room) };
	stack_t before;

	(void)pthread_setname_np(pthread_self(), "offload");
	bool changed = sigaltstack(&other, &before) == 0;
	work_all(arg);
	if (changed)
		(void)sigaltstack(&before, NULL);
	return NULL;
}

/* Signals are the process's first thread's, but for those that a fault of this one makes. */
static int start_thread(struct pool *p)
{
	static const int own[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	struct pool_thread *t = &p->threads[p->thread_count];
	sigset_t others, before;

	sigfillset(&others);
	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		sigdelset(&others, own[i]);
	*t = (struct pool_thread){ .pool = p };
	pthread_sigmask(SIG_SETMASK, &others, &before);
	int error = pthread_create(&t->thread, NULL, run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error == 0)
		p->thread_count++;
	errno = error;
	return error == 0 ? 0 : -1;
}

/* ---- the owner ---- */

struct pool *pool_create(unsigned threads, unsigned waiting, struct page_offload *told)
{
	struct pool *p = calloc(1, sizeof(*p) + threads * sizeof(*p->threads));
	if (!p)
		return NULL;
	p->thread_limit = threads;
	p->waiting_limit = waiting;
	p->told = told;
	p->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (p->bell < 0) {
		free(p);
		return NULL;
	}
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	return p;
}

/* What an idle thread has not come for yet does not wait for one. */
static int admit(const struct pool *p)
{
	bool full = p->waiting_count + p->busy >= p->waiting_limit + p->thread_limit;

	errno = p->dropping ? ECANCELED : EAGAIN;
	return p->dropping || full ? -1 : 0;
}

/* One that is idle may have been woken and not have come yet: it is still counted so, and
 * what it was woken for still waits. */
static int find_thread(struct pool *p)
{
	if (p->waiting_count < p->idle || p->thread_count == p->thread_limit)
		return 0;
	return start_thread(p) == 0 || p->thread_count > 0 ? 0 : -1;
}

int pool_give(struct pool *p, struct pool_task *t)
{
	pthread_mutex_lock(&p->lock);
	int result = admit(p);
	if (result == 0)
		result = find_thread(p);
	if (result == 0) {
		t->dropped = false;
		append(&p->waiting, t);
		p->waiting_count++;
		tell(p);
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	return result;
}

int pool_bell(const struct pool *p)
{
	return p->bell;
}

struct pool_task *pool_take(struct pool *p)
{
	uint64_t rings;

	pthread_mutex_lock(&p->lock);
	(void)!read(p->bell, &rings, sizeof(rings));
	struct pool_task *all = p->finished.first;
	p->finished = (struct list){0};
	pthread_mutex_unlock(&p->lock);
	return all;
}

void pool_drop(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->dropping = true;
	while (p->waiting.first) {
		struct pool_task *t = shift(&p->waiting);
		t->dropped = true;
		finish(p, t);
	}
	p->waiting_count = 0;
	tell(p);
	pthread_mutex_unlock(&p->lock);
}

size_t pool_busy(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	size_t busy = p->busy;
	pthread_mutex_unlock(&p->lock);
	return busy;
}

bool pool_end(struct pool *p)
{
	pool_drop(p);
	pthread_mutex_lock(&p->lock);
	bool quiet = p->busy == 0;
	p->ending = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; quiet && i < p->thread_count; i++)
		pthread_join(p->threads[i].thread, NULL);
	return quiet;
}

void pool_destroy(struct pool *p)
{
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
	close(p->bell);
	free(p);
}
