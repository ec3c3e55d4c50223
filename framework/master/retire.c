/* SPDX-License-Identifier: MIT */
/*
 * retire.c - the end of slots and of addresses.
 *
 * Closing a listening socket resets what is in its queue and every handshake
 * on its way to it.  So a socket is retired in steps:
 *
 *	steer away     a classic BPF program gives new clients to the others; an address that
 *	               ends is found by new ones no more: they come to a wildcard that
 *	               took its place, or are refused as they will be from now on
 *	wait           a handshake that began before still comes in: WAIT seconds
 *	empty          meanwhile somebody accepts from it: a sibling of the slot, or
 *	               for an address that ends the worker that had it
 *	give back      the borrower accepts once more and stops
 *	close          if the queue is empty; else lend it again
 *
 * WAIT is 3 seconds.  A handshake takes one round trip after the SYN that the
 * socket answered; when the client's ACK, or our SYN-ACK, is lost, ours is sent
 * again after 1 s and the next time 2 s later (RFC 6298, tcp_synack_retries in
 * tcp(7)).  Three seconds cover a round trip of a second with one loss, or any
 * shorter one with two.  Losing more than that in a row is left to the client.
 *
 * With defer_accept a client that says nothing has finished its handshake and is a half-open
 * one here: it comes into the queue when the SYN-ACK is sent again, a second after its SYN, or
 * three if that one is lost.  So WAIT covers it, too.
 */
#include "master/retire.h"

#include <sys/socket.h>

#include "base/log.h"
#include "master/balance.h"
#include "master/generation.h"
#include "master/lend.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/slot.h"
#include "sys/sock.h"

#define WAIT 3.0
#define AGAIN 0.1

/* How long a borrower may take to give an empty socket back, and one in whose
 * queue somebody waits.  Then it hangs, and holds every later operation up. */
#define PATIENCE 2.0
#define LONGEST_PATIENCE 10.0

double retire_time(void)
{
	return WAIT;
}

/* ---- over all that retires ---- */

static void for_each_retiring(struct master *m, void (*act)(struct master *, struct slot *, size_t))
{
	for (unsigned i = 0; i < m->table.count; i++)
		for (size_t k = m->table.slots[i]->socket_count; k-- > 0;)
			if (m->table.slots[i]->sockets[k].state != ESCROW_HELD)
				act(m, m->table.slots[i], k);
}

static bool any_retiring(const struct master *m)
{
	for (unsigned i = 0; i < m->table.count; i++)
		for (size_t k = 0; k < m->table.slots[i]->socket_count; k++)
			if (m->table.slots[i]->sockets[k].state != ESCROW_HELD)
				return true;
	return false;
}

bool retire_is_under_way(const struct master *m)
{
	return m->retiring;
}

/* ---- the steps ---- */

static void finish_if_over(struct master *m)
{
	if (!m->retiring || m->stopping || any_retiring(m))
		return;
	ev_timer_stop(m->loop, &m->retirement);
	generation_trim_slots(m);
	m->retiring = false;
	balance_settle(m);
	log_info("retired: what had to end is closed");
	if (operation_is(m, OPERATION_SCALE))
		operation_ended(m, true, "%u worker%s", m->table.active,
			m->table.active == 1 ? "" : "s");
	operation_next(m);
}

/* A worker that hangs holds it as well: without sock_end() the group would
 * keep a member that nobody accepts from. */
static void end_socket(struct slot *s, size_t k)
{
	sock_end(s->sockets[k].fd);
	slot_close(s, k);
}

static void end_if_overdue(struct slot *s, size_t k)
{
	const struct escrow *e = &s->sockets[k];
	double since = child_clock() - e->asked;
	int queue = sock_queue(e->fd);
	char text[ADDR_TEXT];

	if (since < (queue > 0 ? LONGEST_PATIENCE : PATIENCE))
		return;
	log_warn("slot %u, %s: a worker that hangs does not give it back: closed with %d in its queue",
		s->index, addr_format(&e->addr, text), queue > 0 ? queue : 0);
	end_socket(s, k);
}

/* Nobody waits in it; or nobody who serves knows its address any more, so nobody
 * could ever be lent it. */
static bool can_end(const struct master *m, const struct escrow *e)
{
	return sock_queue(e->fd) <= 0 || slot_number(e, m->serving->config) < 0;
}

static void ask_back(struct master *m, struct slot *s, size_t k)
{
	struct escrow *e = &s->sockets[k];

	if (e->state == ESCROW_RETURNING) {
		end_if_overdue(s, k);
		return;
	}
	if (!e->borrower) {
		if (can_end(m, e))
			end_socket(s, k);
		return;
	}
	if (e->asked == 0.)
		e->asked = child_clock();
	if (lend_ask_back(s, e) == 0)
		e->state = ESCROW_RETURNING;
	else
		end_if_overdue(s, k);    /* its channel is full: again soon, but not for ever */
}

static void on_waited(struct ev_loop *loop, ev_timer *t, int events);

static void wait_for(struct master *m, double seconds)
{
	ev_timer_stop(m->loop, &m->retirement);
	ev_now_update(m->loop);
	ev_timer_init(&m->retirement, on_waited, seconds, 0.);
	m->retirement.data = m;
	ev_timer_start(m->loop, &m->retirement);
}

static void on_waited(struct ev_loop *loop, ev_timer *t, int events)
{
	struct master *m = t->data;

	(void)loop;
	(void)events;
	for_each_retiring(m, ask_back);
	lend_settle(m);
	if (any_retiring(m))
		wait_for(m, AGAIN);
	finish_if_over(m);
}

void retire_returned(struct master *m, const struct member *from, const struct message *said)
{
	struct slot *s;
	struct escrow *e = lend_returned(m, from, said, &s);

	if (!e || e->state != ESCROW_RETURNING)
		return;
	e->borrower = NULL;
	if (can_end(m, e)) {
		end_socket(s, (size_t)(e - s->sockets));
		finish_if_over(m);
		return;
	}
	e->state = ESCROW_RETIRING;
	e->asked = 0.;
	lend_settle(m);
	wait_for(m, AGAIN);
}

/* Whoever had it is gone: nothing of it can be emptied by asking. */
void retire_check(struct master *m)
{
	bool again = false;

	if (m->stopping)
		return;
	for (unsigned i = 0; i < m->table.count; i++)
		for (size_t k = 0; k < m->table.slots[i]->socket_count; k++) {
			struct escrow *e = &m->table.slots[i]->sockets[k];
			if (e->state != ESCROW_RETURNING || e->borrower)
				continue;
			e->state = ESCROW_RETIRING;
			e->asked = 0.;
			again = true;
		}
	lend_settle(m);
	if (again)
		wait_for(m, AGAIN);
	else if (!ev_is_active(&m->retirement))
		finish_if_over(m);
}

/* ---- what retires ---- */

void retire_slots(struct master *m)
{
	struct slot_table *t = &m->table;

	if (t->count == t->active)
		return;
	m->retiring = true;
	balance_settle(m);
	for (unsigned i = t->active; i < t->count; i++)
		for (size_t k = 0; k < t->slots[i]->socket_count; k++)
			t->slots[i]->sockets[k].state = ESCROW_RETIRING;
	lend_settle(m);
	wait_for(m, WAIT);
}

static void refuse(struct slot *s, struct escrow *e, struct generation *old)
{
	char text[ADDR_TEXT];

	(void)old;
	e->state = ESCROW_RETIRING;
	if (e->type == SOCK_STREAM && sock_refuse(e->fd) < 0)
		log_warn("slot %u: %s ends and cannot refuse new connections first: %m", s->index,
			addr_format(&e->addr, text));
}

static void let_keep(struct slot *s, struct escrow *e, struct generation *old)
{
	struct member *keeper = generation_member(old, s);
	int number = slot_number(e, old->config);
	struct message say = { .type = MESSAGE_KEEP, .value = (uint32_t)number };

	if (!keeper || number < 0 || channel_send(keeper->child.channel, &say, -1) < 0)
		return;
	e->borrower = keeper;
	e->number = (unsigned)number;
}

static bool for_each_ending(struct master *m, struct generation *old,
	void (*act)(struct slot *, struct escrow *, struct generation *))
{
	bool any = false;

	for (unsigned i = 0; i < m->table.count; i++) {
		struct slot *s = m->table.slots[i];
		for (size_t k = 0; k < s->socket_count; k++) {
			if (slot_number(&s->sockets[k], m->serving->config) >= 0)
				continue;
			any = true;
			act(s, &s->sockets[k], old);
		}
	}
	return any;
}

/* All refuse before anything else is done: as long as one of a group is found the kernel may
 * choose another that is not, and drops the SYN. */
void retire_addresses(struct master *m, struct generation *old)
{
	if (!for_each_ending(m, old, refuse))
		return;
	for_each_ending(m, old, let_keep);
	m->retiring = true;
	wait_for(m, WAIT);
}

void retire_stop(struct master *m)
{
	ev_timer_stop(m->loop, &m->retirement);
}
