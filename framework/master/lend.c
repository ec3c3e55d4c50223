/* SPDX-License-Identifier: MIT */
/*
 * lend.c - a socket that its own slot's worker cannot serve is lent to a sibling.
 *
 * It is asked anew after each change, for every socket: does it need a
 * borrower, and has it one?  So a crash, a slow start, a retiring slot and
 * the death of a borrower are all the same case.
 */
#include "master/lend.h"

#include <sys/socket.h>

#include "master/generation.h"
#include "master/master.h"
#include "master/slot.h"

static bool serves(const struct master *m, const struct slot *s, int type)
{
	const struct member *w = generation_member(m->serving, s);
	return w && w->state == MEMBER_SERVING && !slot_keeps_waiting(s, type);
}

static bool needs_borrower(const struct master *m, const struct slot *s, const struct escrow *e)
{
	if (e->state == ESCROW_RETURNING || (e->type == SOCK_STREAM && !e->listening))
		return false;
	if (slot_number(e, m->serving->config) < 0)
		return false;    /* nobody who serves knows the address */
	if (s->index >= m->table.active)
		return e->state == ESCROW_RETIRING;      /* else it is on its way up */
	return !serves(m, s, e->type);
}

/* The next slot with a worker that serves, round the table; of whatever type the socket is, a
 * descriptor of it has to be left there. */
static struct member *pick(const struct master *m, const struct slot *s)
{
	for (unsigned k = 1; k <= m->table.active; k++) {
		const struct slot *other = m->table.slots[(s->index + k) % m->table.active];
		if (other != s && serves(m, other, SOCK_STREAM))
			return generation_member(m->serving, other);
	}
	return NULL;
}

static void lend(struct master *m, const struct slot *s, struct escrow *e)
{
	struct member *to = pick(m, s);
	struct message say = { .type = MESSAGE_LEND, .slot = s->index };

	if (!to)
		return;
	e->number = (unsigned)slot_number(e, m->serving->config);
	say.value = e->number;
	if (channel_send(to->child.channel, &say, e->fd) == 0)
		e->borrower = to;
}

int lend_ask_back(const struct slot *s, struct escrow *e)
{
	struct message say = { .type = MESSAGE_RETURN, .slot = s->index, .value = e->number };
	return channel_send(e->borrower->child.channel, &say, -1);
}

static void settle(struct master *m, struct slot *s, struct escrow *e)
{
	bool needs = needs_borrower(m, s, e);

	/* Its borrower will find the wish to give it back when it turns again. */
	if (needs && e->borrower && slot_keeps_waiting(e->borrower->slot, e->type) && pick(m, s)
		&& lend_ask_back(s, e) == 0)
		e->borrower = NULL;
	if (needs && !e->borrower)
		lend(m, s, e);
	if (!needs && e->borrower && e->state == ESCROW_HELD && lend_ask_back(s, e) == 0)
		e->borrower = NULL;      /* both may accept meanwhile: no harm */
}

void lend_settle(struct master *m)
{
	if (!m->serving || m->stopping)
		return;
	for (unsigned i = 0; i < m->table.count; i++)
		for (size_t k = 0; k < m->table.slots[i]->socket_count; k++)
			settle(m, m->table.slots[i], &m->table.slots[i]->sockets[k]);
}

void lend_forget(struct master *m, const struct member *borrower)
{
	for (unsigned i = 0; i < m->table.count; i++)
		for (size_t k = 0; k < m->table.slots[i]->socket_count; k++) {
			struct escrow *e = &m->table.slots[i]->sockets[k];
			if (e->borrower == borrower)
				e->borrower = NULL;
		}
}

struct escrow *lend_returned(struct master *m, const struct member *from,
	const struct message *said, struct slot **slot)
{
	if (said->slot >= m->table.count)
		return NULL;
	struct slot *s = m->table.slots[said->slot];
	for (size_t k = 0; k < s->socket_count; k++) {
		struct escrow *e = &s->sockets[k];
		if (e->borrower == from && e->number == said->value) {
			*slot = s;
			return e;
		}
	}
	return NULL;
}
