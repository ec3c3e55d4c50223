/* SPDX-License-Identifier: MIT */
/*
 * scribe.c - lines to a file, written by a thread: who speaks, and its birth and end.
 *
 * The thread sleeps on its bell, an eventfd(2), and says in waits what it wants to be woken
 * for; the speaker rings only then, so a busy one rings once in half a ring, and one that
 * says a line now and then once for a second's lines.
 */
#include "sys/scribe_ring.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

enum { STACK = 256 * 1024 };

#define TURN_TIME  CLOCK_SECOND          /* for the old file to take what is its */
#define JOIN_GRACE (CLOCK_SECOND / 5)

static void ring(const struct scribe *s)
{
	uint64_t one = 1;

	(void)!write(s->bell, &one, sizeof(one));
}

/* ---- the speaker ---- */

static void put_in(struct scribe *s, uint64_t at, const char *data, size_t len)
{
	size_t place = at % SCRIBE_ROOM;
	size_t first = len < SCRIBE_ROOM - place ? len : SCRIBE_ROOM - place;

	memcpy(s->room + place, data, first);
	memcpy(s->room, data + first, len - first);
}

static void wake(struct scribe *s, int waits, uint64_t said)
{
	if (waits == FOR_HALF && said - atomic_load(&s->written) < SCRIBE_HALF)
		return;
	if (atomic_compare_exchange_strong(&s->waits, &waits, FOR_NOTHING))
		ring(s);
}

void scribe_say(struct scribe *s, const char *line, size_t len)
{
	uint64_t said = atomic_load_explicit(&s->said, memory_order_relaxed);

	assert(len > 0 && len <= SCRIBE_LINE && line[len - 1] == '\n');
	if (said + len - s->known > SCRIBE_ROOM)
		s->known = atomic_load_explicit(&s->written, memory_order_acquire);
	if (said + len - s->known > SCRIBE_ROOM) {
		scribe_lose(s, 1);
		scribe_complain(s, &s->complained, "lines come faster than they can be written");
		return;
	}
	put_in(s, said, line, len);
	/* Both in one order for all: it sleeps only if it saw no line, we ring if it sleeps. */
	atomic_store(&s->said, said + len);
	int waits = atomic_load(&s->waits);
	if (waits != FOR_NOTHING)
		wake(s, waits, said + len);
}

void scribe_turn_to(struct scribe *s, int fd)
{
	pthread_mutex_lock(&s->lock);
	int before = s->next;
	if (before < 0) {
		s->turn_at = atomic_load_explicit(&s->said, memory_order_relaxed);
		s->until = clock_ns() + TURN_TIME;
	}
	s->next = fd;
	pthread_mutex_unlock(&s->lock);
	ring(s);
	if (before >= 0)
		close(before);           /* it did not get there yet: this one is newer */
}

void scribe_end(struct scribe *s, uint64_t until)
{
	pthread_mutex_lock(&s->lock);
	s->ending = true;
	s->until = until;
	pthread_mutex_unlock(&s->lock);
	ring(s);
}

/* ---- birth and end ---- */

/* Signals are the process's first thread's. */
static int start_thread(struct scribe *s)
{
	pthread_attr_t attr;
	sigset_t all, before;

	sigfillset(&all);
	pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, STACK);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&s->thread, &attr, scribe_write_all, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	errno = error;
	return error == 0 ? 0 : -1;
}

struct scribe *scribe_create(int fd, const char *name, uint64_t *lost)
{
	struct scribe *s = aligned_alloc(SCRIBE_CACHE_LINE, sizeof(*s));
	if (!s)
		return NULL;
	/* What of room is never used shall cost no memory. */
	memset(s, 0, offsetof(struct scribe, room));
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->lost = lost;
	s->next = -1;
	pthread_mutex_init(&s->lock, NULL);
	scribe_use(s, fd);
	s->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->bell >= 0 && start_thread(s) == 0)
		return s;
	int error = errno;
	if (s->bell >= 0)
		close(s->bell);
	free(s);
	errno = error;
	return NULL;
}

static int join(struct scribe *s)
{
	uint64_t until = s->until + JOIN_GRACE;
	struct timespec when = {
		.tv_sec = (time_t)(until / CLOCK_SECOND),
		.tv_nsec = (long)(until % CLOCK_SECOND),
	};

	return pthread_clockjoin_np(s->thread, NULL, CLOCK_MONOTONIC, &when);
}

void scribe_destroy(struct scribe *s)
{
	if (join(s) != 0) {
		/* It is in a write(2) that nothing ends: the process has to go without it. */
		scribe_give_up(s);
		log_warn("%s: the file takes nothing; what was not written is lost", s->name);
		return;
	}
	if (s->next >= 0)
		close(s->next);
	close(s->bell);
	pthread_mutex_destroy(&s->lock);
	free(s);
}
