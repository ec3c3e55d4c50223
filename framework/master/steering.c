/* SPDX-License-Identifier: MIT */
/*
 * steering.c - which slots new clients go to while the row of slots changes.
 */
#include "master/steering.h"

#include <sys/socket.h>

#include "base/log.h"
#include "master/master.h"
#include "master/slot.h"
#include "sys/steer.h"

static void say_failed(const struct escrow *e)
{
	char text[ADDR_TEXT];
	log_warn("%s: cannot steer: %m", addr_format(&e->addr, text));
}

/* New clients to the active slots: TCP by chance, UDP so that a flow stays together. */
static int steer_to_active(const struct master *m, const struct escrow *e)
{
	const struct steer s = {
		.by = e->type == SOCK_STREAM ? STEER_CHANCE : STEER_FLOW,
		.family = e->addr.sa.sa_family,
		.count = m->table.active,
	};
	return steer_attach(e->fd, &s);
}

/* Every group is reached through the first slot's member. */
static void limit(struct master *m, bool tcp_too)
{
	const struct slot *first = m->table.slots[0];

	for (size_t k = 0; k < first->socket_count; k++) {
		const struct escrow *e = &first->sockets[k];
		if (e->type == SOCK_STREAM && !tcp_too)
			continue;
		if (steer_to_active(m, e) < 0)
			say_failed(e);
		m->steered = true;
	}
}

void steering_away(struct master *m)
{
	limit(m, true);
}

void steering_hold(struct master *m)
{
	limit(m, false);
}

static bool others_have_sockets(const struct master *m)
{
	for (unsigned i = m->table.active; i < m->table.count; i++)
		if (m->table.slots[i]->socket_count > 0)
			return true;
	return false;
}

void steering_settle(struct master *m)
{
	const struct slot *first = m->table.count > 0 ? m->table.slots[0] : NULL;

	if (!m->steered || !first || others_have_sockets(m))
		return;
	for (size_t k = 0; k < first->socket_count; k++)
		if (steer_off(first->sockets[k].fd) < 0)
			say_failed(&first->sockets[k]);
	m->steered = false;
}
