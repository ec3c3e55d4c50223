/* SPDX-License-Identifier: MIT */
/*
 * replace.c - another worker for one slot, and the one that was there finishes.
 *
 * A reload of one slot, without the reload: the same configuration, the same
 * generation.  Until the successor is ready the slot's worker does not know of it.
 */
#include "master/replace.h"

#include <errno.h>
#include <string.h>

#include "master/balance.h"
#include "master/generation.h"
#include "master/lend.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/slot.h"

void replace(struct master *m, unsigned slot)
{
	struct generation *g = m->serving;
	struct member *old = slot < m->table.active ? generation_member(g, m->table.slots[slot]) : NULL;

	if (g->adopted)
		operation_ended(m, false, "retire failed: the reload of the upgrade has not succeeded yet; "
			"reload first");
	else if (!old || old->state != MEMBER_SERVING)
		operation_ended(m, false, "retire failed: slot %u has no worker that serves", slot);
	else if (member_spawn(g, m->table.slots[slot]) < 0)
		operation_ended(m, false, "retire failed: %s", strerror(errno));
	else
		g->members->successor = true;
}

void replace_ready(struct member *successor)
{
	struct generation *g = successor->generation;
	struct member *old = generation_member(g, successor->slot);

	successor->successor = false;
	member_let_serve(successor);
	lend_forget(g->master, old);
	member_name_heir(old);
	member_leave(old, MESSAGE_RETIRE, g->config->drain);
	stall_forget(successor->slot);
	balance_settle(g->master);
	lend_settle(g->master);
	operation_ended(g->master, true, "slot %u: worker %d serves, worker %d finishes what it has",
		successor->slot->index, (int)successor->child.pid, (int)old->child.pid);
}

static struct member *successor_in(const struct generation *g, const struct slot *slot)
{
	struct member *m = g->members;

	while (m && (!m->successor || m->slot != slot))
		m = m->next;
	return m;
}

void replace_lost(struct member *gone, const char *why)
{
	struct generation *g = gone->generation;
	/* One before it that had left already is not missed. */
	struct member *successor = gone->successor || gone->state == MEMBER_LEAVING ? NULL
		: successor_in(g, gone->slot);

	if (gone->successor && gone->state != MEMBER_LEAVING)
		operation_ended(g->master, false, "retire failed: %s; the worker of slot %u goes on", why,
			gone->slot->index);
	if (!successor)
		return;
	/* It is the slot's worker now, and was going to be. */
	successor->successor = false;
	operation_ended(g->master, true, "slot %u: worker %d comes; the one before it died",
		gone->slot->index, (int)successor->child.pid);
	if (successor->state == MEMBER_READY)
		generation_ready(successor);
}
