/* SPDX-License-Identifier: MIT */
/*
 * stall.c - workers whose loop does not turn while somebody waits for it.
 *
 * Two things look like it.  A turn began long ago, has not ended, and no event was
 * taken on in it since: a handler blocks, or it was stopped in the middle; who only has
 * much to do goes on from one event to the next.  Or no turn begins though a client
 * is in its queue: it was stopped while it waited.  What happened between two
 * looks is taken to have happened at the first, so that nobody waits longer
 * than `stall`.
 *
 * A stalled worker keeps its slot and its connections.  New clients go to the
 * others, siblings serve its sockets, and a message waits in its channel, so that it
 * turns once as soon as it can, and has its place back.
 *
 * One that turns and accepts nobody is another case: rest.c.
 */
#include "master/stall.h"

#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "master/balance.h"
#include "master/canary.h"
#include "master/chronicle.h"
#include "master/generation.h"
#include "master/lend.h"
#include "master/master.h"
#include "master/obituary.h"
#include "net/listen.h"
#include "sys/sock.h"

#define SHORTEST_LOOK 0.005
#define LONGEST_LOOK .1

/* How long it may take to die of SIGABRT, with its backtrace written. */
#define ABORT_MARGIN 2.

static double look_every(const struct master *m)
{
	double every = m->serving->config->stall / 10.;

	return every < SHORTEST_LOOK ? SHORTEST_LOOK : every > LONGEST_LOOK ? LONGEST_LOOK : every;
}

/* ---- what is seen ---- */

static bool anybody_waits(const struct slot *s)
{
	for (size_t i = 0; i < s->socket_count; i++) {
		const struct escrow *e = &s->sockets[i];
		if (e->state == ESCROW_HELD && (e->type == SOCK_DGRAM || e->listening)
			&& sock_queue(e->fd) > 0)
			return true;
	}
	return false;
}

/* Seconds that it has been at the same event of the same turn. */
static double in_turn(const struct member *w, struct stall *l)
{
	uint64_t turn = atomic_load_explicit(&w->page->turn, memory_order_relaxed);
	uint64_t steps = __atomic_load_n(&w->page->steps, __ATOMIC_RELAXED);
	double now = child_clock(), began = (double)turn / (double)CLOCK_SECOND;

	if (steps != l->steps) {
		l->steps = steps;
		l->stepped = now - look_every(w->generation->master);
	}
	if (turn == 0)
		return 0.;
	double since = began > l->stepped ? began : l->stepped;
	return now > since ? now - since : 0.;
}

static uint64_t turns_of(const struct member *w)
{
	return __atomic_load_n(&w->page->turns, __ATOMIC_RELAXED);
}

/* Seconds that its next turn is waited for. */
static double overdue(const struct member *w, struct slot *s)
{
	struct stall *l = &s->stall;
	uint64_t turns = turns_of(w);

	if (turns != l->turns || !anybody_waits(s)) {
		l->turns = turns;
		l->waiting = 0.;
		return 0.;
	}
	if (l->waiting == 0.)
		l->waiting = child_clock() - look_every(w->generation->master);
	/* Whose accepting rests turns when that is over. */
	return child_clock() - l->waiting - (rest_is_on(w) ? LISTEN_REST : 0.);
}

/* ---- what is done ---- */

static void all_settle(struct master *m)
{
	balance_settle(m);
	lend_settle(m);
}

static void begin(struct member *w, struct slot *s, double time)
{
	struct master *m = w->generation->master;
	char doing[160];

	s->stalled = true;
	s->stall.since = child_clock() - time;
	s->stall.turns = turns_of(w);
	m->stalls++;
	obituary_doing(w, doing, sizeof(doing));
	chronicle_say(m, LOG_WARN, CHRONICLE_STALL, (int)s->index,
		"worker %u (pid %d) has been blocked for %.0f ms, %s: %s", s->index,
		(int)w->child.pid, time * 1e3, doing, stall_consequence(m));
	(void)child_tell(&w->child, MESSAGE_TURN, 0., -1);
	all_settle(m);
	canary_suffers(m, s, "one of its workers is blocked");
}

static void end(struct master *m, struct slot *s)
{
	chronicle_say(m, LOG_INFO, CHRONICLE_TURNS, (int)s->index,
		"worker %u turns again after %.2f s", s->index, stall_time(s));
	s->stalled = false;
	s->stall.waiting = 0.;
	all_settle(m);
}

static void kill_worker(struct member *w, struct slot *s)
{
	s->stall.killed = true;
	w->stalled = true;
	chronicle_say(w->generation->master, LOG_ERROR, CHRONICLE_STALL, (int)s->index,
		"worker %u (pid %d) has been blocked for %.1f s and is ended", s->index,
		(int)w->child.pid, stall_time(s));
	kill(w->child.pid, SIGABRT);
	kill(w->child.pid, SIGCONT);     /* who was stopped dies only when it goes on */
	child_kill_after(&w->child, ABORT_MARGIN);
}

/* ---- looking ---- */

void stall_forget(struct slot *s)
{
	s->stall = (struct stall){0};
	s->rest = (struct rest){ .told = s->rest.told };
	s->stalled = s->resting = false;
}

static void forget(struct master *m, struct slot *s)
{
	bool was = s->stalled || s->resting;

	stall_forget(s);
	if (was)
		all_settle(m);
}

static void meet(struct slot *s, const struct member *w)
{
	struct master *m = w->generation->master;

	if (s->stall.pid == w->child.pid)
		return;
	forget(m, s);
	s->stall = (struct stall){
		.pid = w->child.pid,
		.turns = turns_of(w),
		.stepped = child_clock(),
	};
}

static void look_at(struct master *m, struct slot *s, struct member *w)
{
	const struct config *c = m->serving->config;

	meet(s, w);
	double turn = in_turn(w, &s->stall), time = turn > 0. ? turn : s->stalled ? 0. : overdue(w, s);

	if (s->stalled && turns_of(w) != s->stall.turns && turn < c->stall)
		end(m, s);
	else if (!s->stalled && time >= c->stall)
		begin(w, s, time);
	if (s->stalled && c->stall_kill > 0. && stall_time(s) >= c->stall_kill && !s->stall.killed)
		kill_worker(w, s);
	rest_look(s, w);
}

static struct member *server_of(const struct master *m, const struct slot *s)
{
	struct member *w = generation_member(m->serving, s);

	if (!w && m->starting && canary_has(m, s->index))
		w = generation_member(m->starting, s);
	return w && w->state == MEMBER_SERVING ? w : NULL;
}

static void look(struct master *m)
{
	for (unsigned i = 0; i < m->table.count; i++) {
		struct slot *s = m->table.slots[i];
		struct member *w = server_of(m, s);
		if (w)
			look_at(m, s, w);
		else
			forget(m, s);
	}
}

static void on_look(struct ev_loop *loop, ev_timer *t, int events)
{
	struct master *m = t->data;
	double now = child_clock();

	(void)loop;
	(void)events;
	if (!m->serving || m->stopping)
		return;
	/* If we could not run, others could not either: nobody is blamed for that. */
	bool late = now - m->looked > 3. * look_every(m) + .05;
	m->looked = now;
	if (!late)
		look(m);
}

void stall_follow(struct master *m)
{
	ev_timer_stop(m->loop, &m->stall_look);
	for (unsigned i = 0; i < m->table.count; i++)
		forget(m, m->table.slots[i]);    /* its workers are others now */
	if (m->serving->config->stall <= 0.)
		return;
	m->looked = child_clock();
	ev_timer_init(&m->stall_look, on_look, look_every(m), look_every(m));
	m->stall_look.data = m;
	ev_timer_start(m->loop, &m->stall_look);
}

void stall_stop(struct master *m)
{
	ev_timer_stop(m->loop, &m->stall_look);
}

const char *stall_consequence(const struct master *m)
{
	return m->table.count > 1 ? "new clients go to its siblings" : "its clients wait, it has no sibling";
}

double stall_time(const struct slot *s)
{
	return s->stalled ? child_clock() - s->stall.since : 0.;
}
