/* SPDX-License-Identifier: MIT */
/*
 * scribe_thread.c - the side of a scribe that writes.
 *
 * A regular file may stop write(2) for as long as its disk likes: that is what the thread is
 * for.  Of everything else it asks poll(2) first, and its bell with it, so that a pipe
 * that nobody reads keeps it neither from another file nor from its end.
 */
#include "sys/scribe_ring.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/log.h"

#define FLUSH_AFTER CLOCK_SECOND

void scribe_lose(struct scribe *s, uint64_t lines)
{
	__atomic_fetch_add(s->lost, lines, __ATOMIC_RELAXED);
}

void scribe_complain(struct scribe *s, struct seldom *told, const char *why)
{
	unsigned missed;

	if (!seldom_may(told, &missed))
		return;
	log_warn("%s: %s; %llu lines lost by this worker so far", s->name, why,
		(unsigned long long)__atomic_load_n(s->lost, __ATOMIC_RELAXED));
}

/* ---- the thread: its files ---- */

void scribe_use(struct scribe *s, int fd)
{
	struct stat file;

	s->fd = fd;
	s->regular = fstat(fd, &file) == 0 && S_ISREG(file.st_mode);
	s->torn = s->newline_due = false;
}

struct orders {
	uint64_t limit;          /* bytes up to here are for the file it has */
	bool     turning;
	bool     ending;
	uint64_t until;          /* for either of them */
};

/* Under the lock nothing may wait for a disk: the speaker would wait with it. */
static struct orders take_orders(struct scribe *s)
{
	int next = -1;

	pthread_mutex_lock(&s->lock);
	if (atomic_load_explicit(&s->written, memory_order_relaxed) == s->turn_at) {
		next = s->next;
		s->next = -1;
	}
	struct orders o = {
		.limit = s->next >= 0 ? s->turn_at : atomic_load(&s->said),
		.turning = s->next >= 0,
		.ending = s->ending,
		.until = s->until,
	};
	pthread_mutex_unlock(&s->lock);
	if (next >= 0) {
		close(s->fd);
		scribe_use(s, next);
	}
	return o;
}

/* ---- the thread: writing ---- */

static char byte_at(const struct scribe *s, uint64_t at)
{
	return s->room[at % SCRIBE_ROOM];
}

static uint64_t count_lines(const struct scribe *s, uint64_t from, uint64_t to)
{
	uint64_t lines = 0;

	for (; from < to; from++)
		lines += byte_at(s, from) == '\n';
	return lines;
}

static void drop_to(struct scribe *s, uint64_t to)
{
	uint64_t from = atomic_load_explicit(&s->written, memory_order_relaxed);

	scribe_lose(s, count_lines(s, from, to));
	atomic_store_explicit(&s->written, to, memory_order_release);
	s->newline_due = s->torn;
}

/* The end of the last line that ends within PIPE_BUF bytes. */
static uint64_t whole_lines(const struct scribe *s, uint64_t from, uint64_t to)
{
	if (to - from <= SCRIBE_LINE)
		return to;
	for (to = from + SCRIBE_LINE; byte_at(s, to - 1) != '\n'; to--)
		;
	return to;
}

static ssize_t write_out(struct scribe *s, uint64_t from, uint64_t to)
{
	size_t place = from % SCRIBE_ROOM, len = (size_t)(to - from);
	size_t first = len < SCRIBE_ROOM - place ? len : SCRIBE_ROOM - place;
	struct iovec parts[] = {
		{ .iov_base = "\n", .iov_len = s->newline_due },
		{ .iov_base = s->room + place, .iov_len = first },
		{ .iov_base = s->room, .iov_len = len - first },
	};

	ssize_t n = writev(s->fd, parts, 3);
	if (n <= 0 || !s->newline_due)
		return n;
	s->newline_due = s->torn = false;
	return n - 1;
}

static void went_out(struct scribe *s, uint64_t from, ssize_t n)
{
	if (n <= 0)
		return;
	s->torn = byte_at(s, from + (uint64_t)n - 1) != '\n';
	atomic_store_explicit(&s->written, from + (uint64_t)n, memory_order_release);
}

static void write_lines(struct scribe *s, uint64_t limit)
{
	uint64_t from = atomic_load_explicit(&s->written, memory_order_relaxed), to = limit;

	if (!s->regular)
		to = whole_lines(s, from, to);
	ssize_t n = write_out(s, from, to);
	int error = errno;
	if (n < 0 && error != EAGAIN && error != EINTR) {
		drop_to(s, to);
		scribe_complain(s, &s->told, strerror(error));
	} else {
		went_out(s, from, n);
	}
	if (atomic_load_explicit(&s->written, memory_order_relaxed) == limit)
		s->since = clock_ns();
}

/* ---- the thread: waiting ---- */

static int milliseconds_until(uint64_t when)
{
	uint64_t now = clock_ns();
	return when > now ? (int)((when - now) / 1000000 + 1) : 0;
}

static void hush(const struct scribe *s)
{
	uint64_t rings;

	(void)!read(s->bell, &rings, sizeof(rings));
}

/* Until there is a line, or half a ring of them, or an order, or the time is up (-1: never). */
static void doze(struct scribe *s, enum scribe_waits waits, int timeout)
{
	struct pollfd bell = { .fd = s->bell, .events = POLLIN };
	uint64_t enough = waits == FOR_A_LINE ? 1 : SCRIBE_HALF;

	atomic_store(&s->waits, waits);
	if (atomic_load(&s->said) - atomic_load(&s->written) < enough)
		(void)poll(&bell, 1, timeout);
	atomic_store(&s->waits, FOR_NOTHING);
	hush(s);
}

/* What is no regular file may take nothing for a long time.  False: it did not, and there
 * are orders or the time is up. */
static bool await_file(struct scribe *s, const struct orders *o)
{
	struct pollfd both[] = {
		{ .fd = s->fd, .events = POLLOUT },
		{ .fd = s->bell, .events = POLLIN },
	};

	if (s->regular)
		return true;
	(void)poll(both, 2, o->ending || o->turning ? milliseconds_until(o->until) : -1);
	if (both[1].revents)
		hush(s);
	return both[0].revents != 0;
}

/* ---- the thread ---- */

static bool may_wait(const struct scribe *s, const struct orders *o, uint64_t unwritten)
{
	return !o->ending && !o->turning && unwritten < SCRIBE_HALF
		&& clock_ns() - s->since < FLUSH_AFTER;
}

/* False: its end has come. */
static bool step(struct scribe *s)
{
	struct orders o = take_orders(s);
	uint64_t unwritten = o.limit - atomic_load_explicit(&s->written, memory_order_relaxed);
	bool late = (o.ending || o.turning) && clock_ns() >= o.until;

	if (o.ending && (unwritten == 0 || late))
		return false;
	if (o.turning && late && !s->regular) {
		drop_to(s, o.limit);     /* nobody reads the old one */
	} else if (unwritten == 0) {
		doze(s, FOR_A_LINE, -1);
		s->since = clock_ns();
	} else if (may_wait(s, &o, unwritten)) {
		doze(s, FOR_HALF, milliseconds_until(s->since + FLUSH_AFTER));
	} else if (await_file(s, &o)) {
		write_lines(s, o.limit);
	}
	return true;
}

void *scribe_write_all(void *arg)
{
	struct scribe *s = arg;

	(void)pthread_setname_np(pthread_self(), "access log");
	s->since = clock_ns();
	while (step(s))
		;
	scribe_give_up(s);
	close(s->fd);
	return NULL;
}

void scribe_give_up(struct scribe *s)
{
	if (!atomic_exchange(&s->given_up, true))
		scribe_lose(s, count_lines(s, atomic_load(&s->written), atomic_load(&s->said)));
}
