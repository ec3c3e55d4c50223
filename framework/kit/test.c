/* SPDX-License-Identifier: MIT */
/*
 * test.c - the service of a test from its beginning to its end, and how time passes in it.
 *
 * Nothing waits here but portico_test_wait() and, for a moment, datagrams: all else
 * is a socket pair, where what one side did the other one sees in its next turn.
 */
#include "kit/kit.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sys/counts.h"

enum {
	KIT_TURNS = 100000,      /* in which a loop must come to rest */
	KIT_QUIET = 3,           /* turns without an event that are rest */
	KIT_PATIENCE = 500,      /* real milliseconds for a datagram over loopback */
};

#define KIT_TURN     1ULL                /* nanoseconds that a turn takes */
#define KIT_STEP     10000000ULL         /* nanoseconds that pass where the loop does not wait */
#define KIT_SECONDS  1e6                 /* at once */
#define KIT_IDLE     5.                  /* what a worker gives idle clients at its end */

static struct portico_test *current;
static struct sigaction     pipe_was;

struct portico_test *kit_current(void)
{
	return current;
}

void kit_need(bool memory)
{
	if (memory)
		return;
	fputs("portico_test: no memory\n", stderr);
	abort();
}

void kit_fail(const struct portico_test *t, const char *fmt, ...)
{
	char sentence[4096];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	if (t->failed) {
		t->failed(sentence);
		return;
	}
	fprintf(stderr, "portico_test: %s\n", sentence);
	abort();
}

/* ---- turns ---- */

/* A timer of no time is due in the next turn: a little always passes. */
bool kit_turn(struct portico_test *t, int flags)
{
	uint64_t before = t->page->steps + t->moved;

	kit_clock_move(KIT_TURN);
	ev_run(t->loop, flags);
	for (struct portico_test_client *c = t->clients; c; c = c->next)
		kit_client_turn(c);
	return t->page->steps + t->moved != before;
}

static bool turn_until_quiet(struct portico_test *t)
{
	unsigned quiet = 0;

	for (unsigned i = 0; i < KIT_TURNS; i++) {
		quiet = kit_turn(t, EVRUN_NOWAIT) ? 0 : quiet + 1;
		if (quiet == KIT_QUIET)
			return true;
	}
	return false;
}

/* Datagrams, either way: loopback is done within the call that sends, nearly always. */
static bool is_under_way(const struct portico_test *t)
{
	const struct counts *counts = &t->page->services[0].counts;

	if (t->protocol != PORTICO_TEST_UDP)
		return false;
	return (!t->drained && counts->datagrams_in < t->sent) || counts->datagrams_out > t->heard;
}

static bool await_datagrams(struct portico_test *t)
{
	bool quiet = true;

	for (int i = 0; quiet && is_under_way(t) && i < KIT_PATIENCE; i++) {
		poll(NULL, 0, 1);
		quiet = turn_until_quiet(t);
	}
	/* What is not here by now is lost, or went to who is no client of ours. */
	t->sent = t->page->services[0].counts.datagrams_in;
	t->heard = t->page->services[0].counts.datagrams_out;
	return quiet;
}

void kit_settle(struct portico_test *t)
{
	if (!turn_until_quiet(t) || !await_datagrams(t))
		kit_fail(t, "handler %s: its loop does not come to rest: a timer that starts itself "
			"without a wait, or a callback that wakes itself", t->label);
	kit_log_look(t);
}

/* Not over the end. */
static void step(uint64_t end)
{
	uint64_t now = kit_clock_now();

	if (now < end)
		kit_clock_move(end - now < KIT_STEP ? end - now : KIT_STEP);
}

/* One turn, in which time passes up to the next timer, or to the end. */
static void leap(struct portico_test *t, uint64_t end)
{
	uint64_t before = kit_clock_now();

	kit_clock_leap(end - before);
	bool moved = kit_turn(t, EVRUN_ONCE);
	kit_clock_leap(0);
	if (moved)
		kit_settle(t);
	else if (kit_clock_now() - before <= KIT_TURN)
		step(end);               /* it has nothing to wait for, or does not wait */
}

void portico_test_advance(struct portico_test *t, double seconds)
{
	if (!(seconds >= 0. && seconds <= KIT_SECONDS)) {
		kit_fail(t, "portico_test_advance(): %g seconds cannot pass", seconds);
		return;
	}
	/* A timer is due when its time is over: that moment too. */
	uint64_t end = kit_clock_now() + (uint64_t)llround(seconds * 1e9) + 1000;

	while (kit_clock_now() < end)
		leap(t, end);
	kit_settle(t);
}

/* By the clock that goes on. */
static double real_seconds(void)
{
	struct timespec t;

	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

bool portico_test_wait(struct portico_test *t, bool (*so)(void *arg), void *arg, double seconds)
{
	double end = real_seconds() + seconds;
	bool is;

	kit_settle(t);
	while (!(is = so(arg)) && real_seconds() < end) {
		poll(NULL, 0, 1);
		kit_settle(t);
	}
	return is;
}

/* ---- beginning and end ---- */

static struct portico_test *begin(void)
{
	struct portico_test *t = calloc(1, sizeof(*t));
	struct sigaction ignored = { .sa_handler = SIG_IGN };

	kit_need(t != NULL);
	current = t;
	sigaction(SIGPIPE, &ignored, &pipe_was);
	kit_clock_stop();
	return t;
}

static void finish(struct portico_test *t)
{
	kit_dismantle(t);
	kit_clock_go();
	sigaction(SIGPIPE, &pipe_was, NULL);
	current = NULL;
	free(t);
}

static void free_clients(struct portico_test *t)
{
	while (t->clients) {
		struct portico_test_client *c = t->clients;
		t->clients = c->next;
		kit_client_free(c);
	}
}

struct portico_test *portico_test_create(const struct portico_test_setup *setup)
{
	if (current) {
		kit_fail(&(struct portico_test){ .failed = setup->failed },
			"portico_test_new(): a service exists already; end it first");
		errno = EBUSY;
		return NULL;
	}
	struct portico_test *t = begin();
	if (kit_assemble(t, setup) == 0) {
		kit_settle(t);
		return t;
	}
	kit_fail(t, "%s", kit_text(&t->problems));
	finish(t);
	errno = EINVAL;
	return NULL;
}

const char *portico_test_refusal(const struct portico_test_setup *setup)
{
	static char said[4096];

	if (current)
		return portico_test_create(setup) ? NULL : "a service exists already\n";
	struct portico_test *t = begin();
	if (kit_assemble(t, setup) == 0) {
		portico_test_end(t);
		return NULL;
	}
	snprintf(said, sizeof(said), "%s", kit_text(&t->problems));
	finish(t);
	return said;
}

void portico_test_drain(struct portico_test *t)
{
	t->drained = true;
	service_retire(t->service, SERVICE_HAND_ON, KIT_IDLE);
	outgoing_drain(&t->outgoing);
	kit_settle(t);
}

void portico_test_drain_is_over(struct portico_test *t)
{
	service_abort(t->service);
	offload_give_up(&t->offload);
	outgoing_give_up(&t->outgoing);
	kit_settle(t);
}

void portico_test_end(struct portico_test *t)
{
	if (!t)
		return;
	if (!t->drained)
		portico_test_drain(t);
	portico_test_drain_is_over(t);
	free_clients(t);
	finish(t);
}

double portico_test_number(struct portico_test *t, const char *name)
{
	for (uint32_t i = 0; i < page_metrics(t->page); i++) {
		const struct page_metric *m = &t->page->metrics[i];
		if (strcmp(m->name, name) == 0)
			return m->kind == PAGE_COUNTER ? (double)m->value.count : m->value.level;
	}
	return NAN;
}
