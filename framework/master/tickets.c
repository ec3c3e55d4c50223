/* SPDX-License-Identifier: MIT */
/*
 * tickets.c - the master's part of TLS session tickets: it makes the keys and renews them.
 *
 * Also while no service has TLS: a reload may bring one, and workers have the keys
 * from their birth.
 */
#include "master/tickets.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "master/master.h"
#include "sys/ticket.h"

/* A failed renewal is tried again after. */
#define RETRY 60.

static void arm(struct master *m, double after)
{
	ev_timer_set(&m->ticket_renewal, after, 0.);
	ev_timer_start(m->loop, &m->ticket_renewal);
}

static void on_due(struct ev_loop *loop, ev_timer *t, int events)
{
	struct master *m = t->data;
	double due = ticket_due(m->tickets);

	(void)loop;
	(void)events;
	if (due <= 0. && ticket_renew(m->tickets) < 0) {
		log_warn("no new key for TLS session tickets: %s; the old one stays", strerror(errno));
		arm(m, RETRY);
		return;
	}
	arm(m, ticket_due(m->tickets));
}

int tickets_begin(struct master *m)
{
	if (!m->tickets)
		m->tickets = ticket_create(&m->tickets_fd);
	if (!m->tickets)
		return -1;
	ev_timer_init(&m->ticket_renewal, on_due, 0., 0.);
	m->ticket_renewal.data = m;
	arm(m, ticket_due(m->tickets));
	return 0;
}

void tickets_stop(struct master *m)
{
	if (!m->tickets)
		return;
	ev_timer_stop(m->loop, &m->ticket_renewal);
	ticket_destroy(m->tickets);
	m->tickets = NULL;
	close(m->tickets_fd);
}

void tickets_adopt(struct master *m, int fd)
{
	m->tickets = ticket_open(fd);
	m->tickets_fd = fd;
	if (!m->tickets)
		close(fd);               /* tickets_begin() makes others */
}
