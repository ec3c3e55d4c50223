/* SPDX-License-Identifier: MIT */
/*
 * outgoing_pool.c - connections to other servers that nobody uses just now.
 *
 * The last one that came is the first to go: what is not needed gets old and is closed.  A server
 * says nothing unasked: one that does, or ends, has no connection here any more.
 */
#include "proto/outgoing.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/tls.h"

struct outgoing_spare {
	struct deadline          deadline;
	struct portico_upstream *up;
	struct tls              *tls;
	struct addr              peer;
	ev_io                    io;
};

static struct outgoing_spare *spare_of(struct deadline *d)
{
	return (struct outgoing_spare *)((char *)d - offsetof(struct outgoing_spare, deadline));
}

static void leave(struct outgoing_spare *s)
{
	struct portico_upstream *up = s->up;

	ev_io_stop(up->to.loop, &s->io);
	deadline_clear(&s->deadline);
	up->pooled--;
	portico_gauge_add(up->in_pool, -1.);
	free(s);
}

static void end_connection(int fd, struct tls *tls)
{
	if (tls)
		(void)tls_end(tls, true);
	tls_close(tls);
	close(fd);
}

static void drop(struct outgoing_spare *s)
{
	end_connection(s->io.fd, s->tls);
	leave(s);
}

static void expired(struct deadline_queue *q, struct deadline *d)
{
	(void)q;
	drop(spare_of(d));
}

/* What TLS has to say to itself, a ticket, is no word of the server's. */
static bool is_quiet(const struct outgoing_spare *s)
{
	char byte;
	ssize_t n = s->tls ? tls_recv(s->tls, &byte, 1) : recv(s->io.fd, &byte, 1, MSG_PEEK);

	return n < 0 && errno == EAGAIN;
}

static void on_word(struct ev_loop *loop, ev_io *w, int events)
{
	struct outgoing_spare *s = w->data;

	(void)loop;
	(void)events;
	if (!is_quiet(s))
		drop(s);
}

void outgoing_pool_init(struct portico_upstream *up, double span)
{
	deadline_queue_init(&up->pool, up->to.loop, span, expired);
}

void outgoing_pool_empty(struct portico_upstream *up)
{
	struct deadline *d;

	while ((d = deadline_first(&up->pool)))
		drop(spare_of(d));
}

void outgoing_pool_put(struct portico_upstream *up, int fd, struct tls *tls, const struct addr *peer)
{
	struct outgoing_spare *s = up->pool_max > 0 ? calloc(1, sizeof(*s)) : NULL;

	if (!s) {
		end_connection(fd, tls);
		return;
	}
	if (up->pooled == up->pool_max)
		drop(spare_of(deadline_first(&up->pool)));
	s->up = up;
	s->tls = tls;
	s->peer = *peer;
	ev_io_init(&s->io, on_word, fd, EV_READ);
	s->io.data = s;
	ev_io_start(up->to.loop, &s->io);
	deadline_set(&s->deadline, &up->pool);
	up->pooled++;
	portico_gauge_add(up->in_pool, 1.);
}

bool outgoing_pool_take(struct portico_upstream *up, int *fd, struct tls **tls, struct addr *peer)
{
	while (up->pooled > 0) {
		struct outgoing_spare *s = spare_of(up->pool.list.prev);
		if (!is_quiet(s)) {
			drop(s);
			continue;
		}
		*fd = s->io.fd;
		*tls = s->tls;
		*peer = s->peer;
		leave(s);
		return true;
	}
	return false;
}
