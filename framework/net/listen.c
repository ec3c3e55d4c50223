/* SPDX-License-Identifier: MIT */
/*
 * listen.c - accept in bounded batches, and pace when descriptors run out.
 *
 * A queue that cannot be accepted from stays readable, so libev would spin
 * on it.  The watcher rests instead, longer each time, and the clients wait
 * in the queue meanwhile, or for somebody who is lent it.  So what ends the rest is not that
 * somebody comes: the kernel looks for a descriptor before it looks into the queue.
 */
#include "net/listen.h"

#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "sys/counts.h"
#include "sys/sock.h"

enum {
	LISTEN_BATCH = 32,
	LISTEN_LAST = 65536,     /* the longest queue there is: more are newcomers */
};

#define REST_FIRST 0.05

enum outcome { ACCEPTED, NOTHING_LEFT, EXHAUSTED };

/* Errors of the connection, not of us: accept(2) passes them on. */
static bool is_of_the_peer(int error)
{
	switch (error) {
	case ECONNABORTED:
	case EPROTO:
	case EPERM:
	case EINTR:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EHOSTDOWN:
	case ENONET:
	case EHOSTUNREACH:
	case EOPNOTSUPP:
	case ENETUNREACH:
	case ETIMEDOUT:
		return true;
	default:
		return false;
	}
}

static enum outcome accept_one(struct listener *l)
{
	struct addr peer;

	int fd = sock_accept(l->io.fd, &peer);
	if (fd >= 0) {
		l->rest = 0.;
		if (l->counts)
			l->counts->accepted++;
		l->accepted(l, fd, &peer);
		return ACCEPTED;
	}
	if (errno == EAGAIN)
		return NOTHING_LEFT;
	if (errno == EINVAL) {
		listener_stop(l);        /* the socket was ended by the master */
		return NOTHING_LEFT;
	}
	return is_of_the_peer(errno) ? ACCEPTED : EXHAUSTED;
}

static void set_resting(struct listener *l, bool resting)
{
	if (l->resting == resting)
		return;
	l->resting = resting;
	if (!resting)
		l->rest = 0.;
	if (l->resters)
		atomic_fetch_add_explicit(l->resters, resting ? 1 : -1, memory_order_relaxed);
}

static void rest(struct listener *l)
{
	int error = errno;
	unsigned missed;

	if (l->counts)
		l->counts->errors[ERROR_ACCEPT]++;
	if (seldom_may(&l->told, &missed))
		log_warn("accepting rests, clients wait in the queue: %s", strerror(error));
	l->rest = l->rest == 0. ? REST_FIRST : l->rest * 2.;
	if (l->rest > LISTEN_REST)
		l->rest = LISTEN_REST;
	set_resting(l, true);
	ev_io_stop(l->loop, &l->io);
	ev_timer_set(&l->retry, l->rest, 0.);
	ev_timer_start(l->loop, &l->retry);
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct listener *l = w->data;

	(void)loop;
	(void)events;
	for (int i = 0; i < LISTEN_BATCH; i++) {
		switch (accept_one(l)) {
		case ACCEPTED:
			continue;
		case EXHAUSTED:
			rest(l);
			return;
		case NOTHING_LEFT:
			set_resting(l, false);
			return;
		}
	}
	set_resting(l, false);
}

static void on_rested(struct ev_loop *loop, ev_timer *w, int events)
{
	struct listener *l = w->data;

	(void)events;
	ev_io_start(loop, &l->io);
	on_readable(loop, &l->io, EV_READ);
}

void listener_start(struct listener *l, struct ev_loop *loop, int fd)
{
	l->loop = loop;
	l->rest = 0.;
	ev_io_init(&l->io, on_readable, fd, EV_READ);
	ev_timer_init(&l->retry, on_rested, 0., 0.);
	l->io.data = l->retry.data = l;
	ev_io_start(loop, &l->io);
}

void listener_stop(struct listener *l)
{
	if (!l->loop)
		return;
	ev_io_stop(l->loop, &l->io);
	ev_timer_stop(l->loop, &l->retry);
	set_resting(l, false);
}

void listener_empty(struct listener *l)
{
	for (int i = 0; i < LISTEN_LAST && accept_one(l) == ACCEPTED; i++)
		;
}
