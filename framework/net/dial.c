/* SPDX-License-Identifier: MIT */
/*
 * dial.c - from the name of a server to a connection with it: look-up, connect, TLS handshake.
 */
#include "net/dial.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/tls.h"
#include "net/tls_client.h"
#include "sys/sock.h"

static const char unix_prefix[] = "unix:";

/* ---- where to ---- */

static int parse_path(struct dial_to *t, const char *path, const char **why)
{
	if (*path == '\0' || strlen(path) >= sizeof(t->path.sun_path)) {
		*why = "the path of a unix socket has 1 to 107 bytes";
		return -1;
	}
	t->path.sun_family = AF_UNIX;
	strcpy(t->path.sun_path, path);
	return 0;
}

int dial_parse(struct dial_to *t, struct names *names, const char *text, const char **why)
{
	if (strncmp(text, unix_prefix, sizeof(unix_prefix) - 1) == 0)
		return parse_path(t, text + sizeof(unix_prefix) - 1, why);
	struct name *n = &t->name;
	int count = addr_parse_target(text, n->addrs, n->host, why);
	if (count < 0)
		return -1;
	n->names = names;
	n->port = addr_port(n->addrs);
	n->count = (unsigned)count;
	n->until = count > 0 ? INFINITY : 0.;
	return 0;
}

/* ---- the end ---- */

static void stop_watching(struct dial *d)
{
	ev_io_stop(d->to->loop, &d->io);
	ev_timer_stop(d->to->loop, &d->timer);
}

static void close_attempt(struct dial *d)
{
	stop_watching(d);
	tls_close(d->tls);
	if (d->fd >= 0)
		close(d->fd);
	d->tls = NULL;
	d->fd = -1;
}

static void arrive(struct dial *d)
{
	stop_watching(d);
	d->error = 0;
	d->done(d);
}

/* ---- one address ---- */

static void try_next(struct dial *d);

static void fail(struct dial *d, int error)
{
	close_attempt(d);
	d->error = error;
	try_next(d);
}

static void watch(struct dial *d, int events)
{
	ev_io_stop(d->to->loop, &d->io);
	ev_io_set(&d->io, d->fd, events);
	ev_io_start(d->to->loop, &d->io);
}

static void shake(struct dial *d)
{
	switch (tls_shake(d->tls)) {
	case TLS_DONE:
		arrive(d);
		break;
	case TLS_LATER:
		watch(d, d->tls->wants_write ? EV_WRITE : EV_READ);
		break;
	case TLS_OVER:
		fail(d, ECONNRESET);
		break;
	case TLS_FAILED:
		fail(d, tls_client_error(d->tls));
		break;
	}
}

static void connected(struct dial *d)
{
	if (!d->to->tls) {
		arrive(d);
		return;
	}
	d->tls = tls_client_open(d->to->tls, d->fd);
	if (d->tls)
		shake(d);
	else
		fail(d, errno);
}

static void look_at_connect(struct dial *d)
{
	int error = 0;
	socklen_t len = sizeof(error);

	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error)
		fail(d, error);
	else
		connected(d);
}

static void on_ready(struct ev_loop *loop, ev_io *w, int events)
{
	struct dial *d = w->data;

	(void)loop;
	(void)events;
	if (d->tls)
		shake(d);
	else
		look_at_connect(d);
}

/* ---- time ---- */

static void arm(struct dial *d)
{
	double left = d->due - clock_seconds();

	ev_timer_stop(d->to->loop, &d->timer);
	ev_timer_set(&d->timer, left > 0.001 ? left : 0.001, 0.);
	ev_timer_start(d->to->loop, &d->timer);
}

/* A callback may have blocked the loop meanwhile. */
static bool has_come(const struct dial *d)
{
	struct pollfd p = { .fd = d->fd, .events = d->io.events & EV_WRITE ? POLLOUT : POLLIN };

	return !d->looked && poll(&p, 1, 0) > 0;
}

/* What has come has a moment more, once. */
static void on_late(struct ev_loop *loop, ev_timer *w, int events)
{
	struct dial *d = w->data;

	(void)events;
	if (clock_seconds() < d->due) {
		arm(d);
		return;
	}
	if (d->fd < 0)
		name_forget(&d->to->name, &d->asker);
	else if (has_come(d)) {
		d->looked = true;
		ev_timer_set(w, 0.01, 0.);
		ev_timer_start(loop, w);
		on_ready(loop, &d->io, 0);
		return;
	}
	fail(d, ETIMEDOUT);
}

/* ---- all of them ---- */

static bool is_path(const struct dial *d)
{
	return d->to->path.sun_family == AF_UNIX;
}

static int start_connect(struct dial *d)
{
	const struct addr *a = &d->addrs[d->next++];

	d->fd = is_path(d) ? sock_connect((const struct sockaddr *)&d->to->path, sizeof(d->to->path))
		: sock_connect(&a->sa, addr_len(a));
	return d->fd < 0 ? -1 : 0;
}

static void try_next(struct dial *d)
{
	double now = clock_seconds(), left = d->end - now;

	if (left <= 0.)
		d->error = ETIMEDOUT;
	if (d->next == d->count || left <= 0.) {
		d->done(d);
		return;
	}
	d->looked = false;
	d->due = now + left / (d->count - d->next);
	arm(d);
	if (start_connect(d) == 0)
		watch(d, EV_WRITE);
	else
		fail(d, errno);
}

static void answered(struct name_asker *asker)
{
	struct dial *d = (struct dial *)((char *)asker - offsetof(struct dial, asker));
	const struct name *n = &d->to->name;

	ev_timer_stop(d->to->loop, &d->timer);
	d->count = n->count;
	d->error = n->error;
	memcpy(d->addrs, n->addrs, n->count * sizeof(*n->addrs));
	try_next(d);
}

void dial_begin(struct dial *d, struct dial_to *to, void (*done)(struct dial *))
{
	*d = (struct dial){ .to = to, .done = done, .fd = -1, .asker.answered = answered };
	ev_io_init(&d->io, on_ready, -1, EV_WRITE);
	ev_timer_init(&d->timer, on_late, 0., 0.);
	d->io.data = d->timer.data = d;
	d->due = d->end = clock_seconds() + to->timeout;
	if (is_path(d)) {
		d->count = 1;
		try_next(d);
		return;
	}
	arm(d);
	name_ask(&to->name, &d->asker);
}

void dial_abort(struct dial *d)
{
	name_forget(&d->to->name, &d->asker);
	close_attempt(d);
}
