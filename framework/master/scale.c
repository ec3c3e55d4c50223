/* SPDX-License-Identifier: MIT */
/*
 * scale.c - more or fewer workers in the generation that serves.
 *
 * Up: new slots at the end of the row; their sockets listen, in slot order,
 * only when every new worker is ready.  Down: the last slots retire.  The workers that stay
 * notice neither.
 */
#include "master/scale.h"

#include <errno.h>
#include <string.h>

#include "master/adoption.h"
#include "master/balance.h"
#include "master/generation.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/retire.h"
#include "master/slot.h"

static void scale_up(struct master *m, unsigned workers)
{
	struct generation *g = m->serving;

	if (g->adopted) {
		operation_ended(m, false, "scale failed: the reload of the upgrade has not succeeded yet; "
			"reload first");
		return;
	}
	if (slots_grow(&m->table, m, workers) < 0) {
		operation_ended(m, false, "scale failed: no memory for slots");
		return;
	}
	g->workers = workers;
	balance_settle(m);
	for (unsigned i = m->table.active; i < workers; i++)
		if (member_spawn(g, m->table.slots[i]) < 0) {
			scale_failed(m, strerror(errno));
			return;
		}
	generation_bind_next(g);
}

static void scale_down(struct master *m, unsigned workers)
{
	struct generation *g = m->serving;

	m->table.active = workers;
	g->workers = workers;
	generation_leave_slots(g, workers);
	retire_slots(m);
}

void scale(struct master *m, int workers)
{
	char why[256];

	if (workers < 1 || workers > CONFIG_MAX_WORKERS)
		operation_ended(m, false, "scale failed: %d workers; 1 to %d can be had", workers,
			CONFIG_MAX_WORKERS);
	else if (!adoption_allows(m, (unsigned)workers, why, sizeof(why)))
		operation_ended(m, false, "scale failed: %s", why);
	else if ((unsigned)workers > m->table.active)
		scale_up(m, (unsigned)workers);
	else if ((unsigned)workers < m->table.active)
		scale_down(m, (unsigned)workers);
	else
		operation_ended(m, true, "%d worker%s, as before", workers, workers == 1 ? "" : "s");
}

/* A slot that waits for its worker's replacement has nothing to do with it. */
static bool new_ones_are_ready(const struct master *m)
{
	const struct generation *g = m->serving;

	for (unsigned i = m->table.active; i < g->workers; i++) {
		const struct member *w = generation_member(g, m->table.slots[i]);
		if (!w || w->state < MEMBER_READY)
			return false;
	}
	return true;
}

void scale_ready(struct master *m)
{
	struct generation *g = m->serving;
	const struct config_service *failed;

	if (!new_ones_are_ready(m))
		return;
	if (slots_listen(&m->table, g->config, m->table.active, g->workers, &failed) < 0) {
		scale_failed(m, strerror(errno));
		return;
	}
	m->table.active = g->workers;
	generation_let_serve(g);
	balance_settle(m);
	operation_ended(m, true, "%u workers", g->workers);
}

void scale_failed(struct master *m, const char *why)
{
	struct generation *g = m->serving;

	if (g->workers == m->table.active)
		return;          /* the first failure was told */
	g->workers = m->table.active;
	generation_leave_slots(g, g->workers);
	operation_ended(m, false, "scale failed: %s; %u worker%s as before", why, g->workers,
		g->workers == 1 ? "" : "s");
	generation_trim_slots(m);
}
