/* SPDX-License-Identifier: MIT */
/*
 * proxy.c - the gate in front of a service that is behind proxies: each connection says in a
 * PROXY header who its client is, before anything else, TLS too.
 *
 * The header is looked at where it lies (MSG_PEEK), and then exactly its bytes are taken: what is
 * behind it is the stream's, or OpenSSL's, which reads the socket by itself.  The part of a header
 * that goes on is taken and kept, or else the loop would spin on it.
 *
 * Whether there is a header is never guessed: who could leave it out could also write one.
 */
#include "proto/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "proto/proxy_header.h"
#include "sys/counts.h"

struct guest {                   /* one who waits */
	struct deadline    deadline;
	ev_io              io;
	struct proxy_gate *gate;
	struct addr        proxy;
	struct buf         kept;     /* the part of the header that has come; mostly none */
};

static void tell(struct proxy_gate *g, struct seldom *told, const struct addr *who,
	const char *why)
{
	char text[ADDR_TEXT], more[48] = "";
	unsigned missed;

	if (!seldom_may(told, &missed))
		return;
	if (missed > 0)
		snprintf(more, sizeof(more), "; so were %u others", missed);
	log_warn("service %s: %s was closed: %s%s", g->service, addr_format(who, text), why, more);
}

/* ---- who waits ---- */

/* Its place is free; fd is the caller's. */
static int release(struct guest *w)
{
	struct proxy_gate *g = w->gate;
	int fd = w->io.fd;

	ev_io_stop(g->kind->hub->loop, &w->io);
	deadline_clear(&w->deadline);
	buf_fini(&w->kept);
	free(w);
	g->kind->hub->streams--;
	limits_give_up(g->limits);
	return fd;
}

static void dismiss(struct guest *w)
{
	struct stream_kind *kind = w->gate->kind;

	stream_decline(kind, release(w));
}

static bool refuse(struct guest *w, enum count_error kind, const char *why)
{
	w->gate->kind->counts->errors[kind]++;
	tell(w->gate, &w->gate->failures, &w->proxy, why);
	dismiss(w);
	return false;
}

/* ---- the header ---- */

/* Takes the next n bytes, which were seen to be there. */
static bool take(struct guest *w, char *block, size_t n)
{
	return recv(w->io.fd, block, n, 0) == (ssize_t)n;
}

/* Each of these gives whether w is still there and waits, as refuse() does. */

static bool read_failed(struct guest *w)
{
	if (errno == EAGAIN || errno == EINTR)
		return true;
	w->gate->kind->counts->errors[ERROR_RESET]++;
	dismiss(w);
	return false;
}

/* Who only looks whether the port is open, as proxies do, has done nothing wrong. */
static bool ended(struct guest *w)
{
	if (buf_len(&w->kept) > 0)
		return refuse(w, ERROR_PROTOCOL, "it ended in the middle of its PROXY header");
	dismiss(w);
	return false;
}

static bool keep(struct guest *w, char *fresh, size_t n)
{
	if (!take(w, fresh, n))
		return refuse(w, ERROR_RESET, "its PROXY header cannot be read");
	if (buf_append(&w->kept, fresh, n) < 0)
		return refuse(w, ERROR_MEMORY, "no memory for its PROXY header");
	return true;
}

static bool pass(struct guest *w, const struct proxy_header *h)
{
	struct proxy_gate *g = w->gate;
	struct addr client = h->told ? h->peer : w->proxy;

	g->passed(g->owner, release(w), &client);
	return false;
}

/* What has come of the header. */
static bool look(struct guest *w)
{
	char *block = w->gate->kind->hub->block;
	size_t had = buf_len(&w->kept);
	struct proxy_header h;

	if (had > 0)
		memcpy(block, buf_head(&w->kept), had);
	ssize_t n = recv(w->io.fd, block + had, PROXY_HEADER_MOST - had, MSG_PEEK);
	if (n < 0)
		return read_failed(w);
	if (n == 0)
		return ended(w);
	switch (proxy_header_parse(&h, block, had + (size_t)n)) {
	case PROXY_MORE:
		return keep(w, block + had, (size_t)n);
	case PROXY_BAD:
		return refuse(w, ERROR_PROTOCOL, h.why);
	case PROXY_DONE:
		break;
	}
	if (!take(w, block + had, h.used - had))
		return refuse(w, ERROR_RESET, "its PROXY header cannot be read");
	return pass(w, &h);
}

static void on_readable(struct ev_loop *loop, ev_io *io, int events)
{
	struct guest *w = io->data;

	(void)loop;
	(void)events;
	++*w->gate->kind->hub->steps;
	look(w);
}

static struct guest *guest_of(struct deadline *d)
{
	return (struct guest *)d;
}

/* A callback may have blocked the loop while the header lay in the socket: it is looked for before
 * anybody is blamed. */
static void on_late(struct deadline_queue *q, struct deadline *d)
{
	struct guest *w = guest_of(d);

	(void)q;
	if (look(w))
		refuse(w, ERROR_TIMEOUT, "its PROXY header did not come in time");
}

/* ---- the gate ---- */

void proxy_gate_init(struct proxy_gate *g, struct ev_loop *loop, double seconds)
{
	deadline_queue_init(&g->waiting, loop, seconds, on_late);
}

void proxy_gate_fini(struct proxy_gate *g)
{
	deadline_queue_fini(&g->waiting);
}

void proxy_gate_abort(struct proxy_gate *g)
{
	struct deadline *d;

	while ((d = deadline_first(&g->waiting)))
		dismiss(guest_of(d));
}

static void refuse_stranger(struct proxy_gate *g, int fd, const struct addr *who)
{
	g->kind->counts->errors[ERROR_REFUSED]++;
	tell(g, &g->strangers, who, "it is not in proxy_from");
	stream_decline(g->kind, fd);
}

/* HTTP says why, and needs no header to say it.  TLS would take the header for a handshake. */
static void decline_over_limit(struct proxy_gate *g, int fd, const struct addr *proxy)
{
	if (!g->kind->tls) {
		g->passed(g->owner, fd, proxy);
		return;
	}
	g->kind->counts->errors[ERROR_REFUSED]++;
	stream_decline(g->kind, fd);
}

static void wait_for_header(struct proxy_gate *g, struct guest *w, int fd, const struct addr *proxy)
{
	w->gate = g;
	w->proxy = *proxy;
	ev_io_init(&w->io, on_readable, fd, EV_READ);
	w->io.data = w;
	ev_io_start(g->kind->hub->loop, &w->io);
	deadline_set(&w->deadline, &g->waiting);
	g->kind->hub->streams++;
}

void proxy_gate_accept(struct proxy_gate *g, int fd, const struct addr *proxy)
{
	if (!network_has(g->from, g->from_count, proxy)) {
		refuse_stranger(g, fd, proxy);
		return;
	}
	if (limits_reserve(g->limits) < 0) {
		decline_over_limit(g, fd, proxy);
		return;
	}
	struct guest *w = calloc(1, sizeof(*w));
	if (w) {
		wait_for_header(g, w, fd, proxy);
		return;
	}
	limits_give_up(g->limits);
	g->kind->counts->errors[ERROR_MEMORY]++;
	tell(g, &g->failures, proxy, "no memory for a connection");
	stream_decline(g->kind, fd);
}
