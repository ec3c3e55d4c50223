/* SPDX-License-Identifier: MIT */
/*
 * relay.c - the long wire: packets between two TUN devices, each delayed.
 *
 * One queue a direction.  The delay is the same for all, so the order of
 * arrival is the order of departure, and one timer for the two heads is enough.
 */
#include "rig/relay.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PACKET = 1536,           /* the devices' MTU is 1500 */
	QUEUE = 16384,           /* packets; a power of two */
	BATCH = 256,             /* reads before the due ones get their turn */
};

struct packet {
	uint64_t due;            /* nanoseconds, CLOCK_MONOTONIC */
	uint16_t len;
	char     data[PACKET];
};

struct way {                     /* one direction */
	int            from;
	int            to;
	uint32_t       head;     /* next to leave */
	uint32_t       tail;     /* next free */
	struct packet *ring;
};

struct wire {
	struct way          ways[2];
	uint64_t            delay;
	int                 timer;
	struct relay_stats *stats;
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* ---- in and out ---- */

/* What does not fit is read and thrown away, and the run is void. */
static bool take_one(struct wire *w, struct way *y)
{
	char spill[PACKET];
	bool full = y->tail - y->head == QUEUE;
	struct packet *p = &y->ring[y->tail % QUEUE];
	ssize_t n = read(y->from, full ? spill : p->data, PACKET);

	if (n <= 0)
		return false;
	if (full) {
		atomic_fetch_add(&w->stats->drops, 1);
		return true;
	}
	p->len = (uint16_t)n;
	p->due = now_ns() + w->delay;
	y->tail++;
	return true;
}

static void take_all(struct wire *w, struct way *y)
{
	for (int i = 0; i < BATCH && take_one(w, y); i++)
		;
}

static void send_one(struct wire *w, struct way *y, uint64_t now)
{
	struct packet *p = &y->ring[y->head % QUEUE];
	uint64_t late = (now - p->due) / 1000;

	if (write(y->to, p->data, p->len) != p->len)
		atomic_fetch_add(&w->stats->drops, 1);
	y->head++;
	atomic_fetch_add(&w->stats->packets, 1);
	if (late > atomic_load(&w->stats->latest_us))
		atomic_store(&w->stats->latest_us, late);
}

static void send_due(struct wire *w, struct way *y)
{
	uint64_t now = now_ns();

	while (y->head != y->tail && y->ring[y->head % QUEUE].due <= now)
		send_one(w, y, now);
}

static void set_timer(struct wire *w)
{
	struct itimerspec t = { 0 };
	uint64_t next = 0;

	for (int i = 0; i < 2; i++) {
		struct way *y = &w->ways[i];
		if (y->head == y->tail)
			continue;
		uint64_t due = y->ring[y->head % QUEUE].due;
		if (!next || due < next)
			next = due;
	}
	t.it_value.tv_sec = (time_t)(next / 1000000000u);
	t.it_value.tv_nsec = (long)(next % 1000000000u);
	(void)timerfd_settime(w->timer, TFD_TIMER_ABSTIME, &t, NULL);
}

/* ---- the process ---- */

static int wire_init(struct wire *w, const int tuns[2])
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	w->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (epoll < 0 || w->timer < 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		struct epoll_event e = { .events = EPOLLIN };
		w->ways[i] = (struct way){ .from = tuns[i], .to = tuns[1 - i] };
		w->ways[i].ring = calloc(QUEUE, sizeof(struct packet));
		if (!w->ways[i].ring || epoll_ctl(epoll, EPOLL_CTL_ADD, tuns[i], &e) < 0)
			return -1;
	}
	struct epoll_event e = { .events = EPOLLIN };
	return epoll_ctl(epoll, EPOLL_CTL_ADD, w->timer, &e) < 0 ? -1 : epoll;
}

static void pass_on(struct wire *w, int epoll)
{
	struct epoll_event events[4];
	uint64_t times;

	for (;;) {
		if (epoll_wait(epoll, events, 4, -1) < 0 && errno != EINTR)
			return;
		(void)!read(w->timer, &times, sizeof(times));
		for (int i = 0; i < 2; i++)
			take_all(w, &w->ways[i]);
		for (int i = 0; i < 2; i++)
			send_due(w, &w->ways[i]);
		set_timer(w);
	}
}

static void live(const int tuns[2], double seconds, struct relay_stats *stats)
{
	struct wire w = { .delay = (uint64_t)(seconds * 1e9), .stats = stats };

	const struct sched_param first = { .sched_priority = 1 };

	/* To be late is to be a longer wire than was asked for. */
	if (sched_setscheduler(0, SCHED_FIFO, &first) < 0)
		(void)!nice(-10);
	int epoll = wire_init(&w, tuns);
	if (epoll >= 0)
		pass_on(&w, epoll);
}

int relay_start(struct relay *r, const int tuns[2], double seconds)
{
	pid_t rig = getpid();

	r->stats = mmap(NULL, sizeof(*r->stats), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->stats == MAP_FAILED)
		return -1;
	r->pid = fork();
	if (r->pid != 0)
		return r->pid < 0 ? -1 : 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == rig)
		live(tuns, seconds, r->stats);
	_exit(1);
}

void relay_stop(struct relay *r)
{
	if (r->pid <= 0)
		return;
	kill(r->pid, SIGKILL);
	(void)waitpid(r->pid, NULL, 0);
	r->pid = 0;
}
