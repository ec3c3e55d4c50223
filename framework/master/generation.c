/* SPDX-License-Identifier: MIT */
/*
 * generation.c - one configuration and the workers started from it.
 *
 * Nothing that was serving is touched before every worker of a new
 * generation has said that it is ready.  From then on nothing can fail any
 * more: the sockets are the same, so there is no moment without somebody who
 * accepts, and the old workers leave their queues to the new ones.
 */
#include "master/generation.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "master/balance.h"
#include "master/canary.h"
#include "master/lend.h"
#include "master/load.h"
#include "master/master.h"
#include "master/numbers.h"
#include "master/operation.h"
#include "master/replace.h"
#include "master/retire.h"
#include "master/scale.h"
#include "master/shared.h"
#include "master/succession.h"
#include "master/throttle.h"

struct member *generation_member(const struct generation *g, const struct slot *slot)
{
	struct member *m = g->members;

	while (m && (m->slot != slot || m->state == MEMBER_LEAVING || m->successor))
		m = m->next;
	return m;
}

/* Or serve already. */
static bool all_are_ready(const struct generation *g)
{
	for (unsigned i = 0; i < g->workers; i++) {
		const struct member *m = generation_member(g, g->master->table.slots[i]);
		if (!m || m->state < MEMBER_READY)
			return false;
	}
	return true;
}

static void all_leave(struct generation *g, enum message_type how, double seconds)
{
	g->state = GENERATION_RETIRING;
	for (struct member *m = g->members; m; m = m->next)
		member_leave(m, how, seconds);
}

/* ---- the way up ---- */

/* The lowest slot whose worker still has to bind goes next. */
void generation_bind_next(struct generation *g)
{
	const struct slot_table *t = &g->master->table;

	for (unsigned i = 0; i < t->count; i++) {
		struct member *m = generation_member(g, t->slots[i]);
		if (!m || m->state != MEMBER_BORN)
			continue;
		(void)child_tell(&m->child, MESSAGE_BIND, 0., -1);
		return;
	}
}

void generation_let_serve(struct generation *g)
{
	for (struct member *m = g->members; m; m = m->next)
		if (m->state == MEMBER_READY)
			member_let_serve(m);
}

void generation_note_failure(struct generation *g, int code, const char *why)
{
	if (g->failure)
		return;
	g->failure = code;
	snprintf(g->why, sizeof(g->why), "%s", why);
}

void generation_bury(struct generation *g)
{
	struct master *m = g->master;
	struct generation **at = &m->generations;

	if (g->members || g->state != GENERATION_RETIRING)
		return;
	while (*at != g)
		at = &(*at)->older;
	*at = g->older;
	if (m->serving == g)
		m->serving = NULL;
	adminsock_close(g);
	config_destroy(g->config);
	accesslogs_fini(&g->accesslogs);
	free(g);
	numbers_forget(m);
	shared_drop_unused(m);
	operation_next(m);
	master_rest(m);
}

/* It will not serve.  Its workers are ended; whoever serves goes on. */
static void give_up(struct generation *g)
{
	struct master *m = g->master;

	if (m->canary) {
		canary_failed(g, g->why);
		return;
	}
	if (g->state != GENERATION_STARTING)
		return;
	g->gave_up = true;
	m->starting = NULL;
	all_leave(g, MESSAGE_NOW, 0.);
	if (m->serving) {
		slots_keep_only(&m->table, m->serving->config);
		operation_ended(m, false, "reload failed: %s; generation %u goes on", g->why,
			m->serving->number);
	} else if (!m->stopping) {
		log_error("cannot start: %s", g->why);
		m->exit_code = g->failure;
	}
}

/* Its canary's workers are on their way; later, when it goes on, all of it is. */
static bool is_canary(const struct generation *g)
{
	return g->master->canary && canary_share(g->master) == 0.;
}

static bool canary_is_ready(const struct generation *g)
{
	const struct slot_table *t = &g->master->table;

	for (unsigned i = 0; i < t->count; i++) {
		const struct member *m = generation_member(g, t->slots[i]);
		if (canary_has(g->master, i) && (!m || m->state < MEMBER_READY))
			return false;
	}
	return true;
}

static void serve_if_all_ready(struct generation *g)
{
	const struct config_service *failed;

	if (is_canary(g)) {
		if (canary_is_ready(g))
			canary_ready(g);
		return;
	}
	if (!all_are_ready(g))
		return;
	if (slots_listen(&g->master->table, g->config, 0, g->workers, &failed) == 0) {
		succeed(g);
		return;
	}
	char text[MESSAGE_TEXT];
	snprintf(text, sizeof(text), "service %s: listen: %s", failed->name, strerror(errno));
	generation_note_failure(g, errno == EADDRINUSE ? EX_UNAVAILABLE : EX_OSERR, text);
	give_up(g);
}

static bool is_active(const struct member *m)
{
	return m->slot->index < m->generation->master->table.active;
}

void generation_ready(struct member *m)
{
	struct generation *g = m->generation;

	m->state = MEMBER_READY;
	m->ready_at = child_clock();
	child_kill_after(&m->child, -1.);  /* it may wait for its siblings */
	if (m->successor) {
		replace_ready(m);
	} else if (g->state == GENERATION_STARTING) {
		serve_if_all_ready(g);
	} else if (is_active(m)) {
		member_let_serve(m);
		lend_settle(g->master);
	} else {
		scale_ready(g->master);
	}
}

/* ---- the way down ---- */

static void replace_if_needed(struct generation *g, struct slot *slot, double age, const char *why)
{
	struct master *m = g->master;

	if (g->state == GENERATION_STARTING || g->state == GENERATION_CANARY)
		give_up(g);
	else if (g->state != GENERATION_SERVING || m->stopping)
		return;
	else if (slot->index < m->table.active && !generation_member(g, slot))
		throttle_replace(slot, age);
	else if (slot->index >= m->table.active && !generation_member(g, slot))
		scale_failed(m, why);    /* it was not one that left before the slot came back */
}

void generation_lost(struct generation *g, struct slot *slot, double age, const char *why)
{
	struct master *m = g->master;

	replace_if_needed(g, slot, age, why);
	generation_trim_slots(m);
	retire_check(m);
	if (g->gave_up)
		operation_next(m);       /* who waits for the end of it */
	generation_bury(g);
}

/* ---- making ---- */

static void staff_all(struct generation *g)
{
	struct master *m = g->master;
	char why[MESSAGE_TEXT];
	const char *failed;

	if (shared_prepare(m, g->config, &failed) < 0) {
		snprintf(why, sizeof(why), "service %s: memory of its workers: %s", failed, strerror(errno));
		generation_note_failure(g, EX_OSERR, why);
		return;
	}
	if (slots_grow(&m->table, m, g->workers) < 0) {
		generation_note_failure(g, EX_OSERR, "no memory for slots");
		return;
	}
	balance_settle(m);       /* slots that come get nothing yet */
	for (unsigned i = 0; i < g->workers; i++)
		if (!generation_member(g, m->table.slots[i]) && member_spawn(g, m->table.slots[i]) < 0)
			return;
}

struct generation *generation_create(struct master *m, struct config *config)
{
	struct generation *g = calloc(1, sizeof(*g));
	if (!g) {
		config_destroy(config);
		return NULL;
	}
	g->master = m;
	g->number = ++m->born;
	g->config = config;
	g->workers = config->workers;
	g->born = child_clock();
	g->older = m->generations;
	m->generations = g;
	return g;
}

static void staff_and_begin(struct generation *g)
{
	staff_all(g);
	if (g->failure)
		give_up(g);
	else
		generation_bind_next(g);
	generation_bury(g);
}

void generation_go_on(struct generation *g)
{
	g->state = GENERATION_STARTING;
	staff_and_begin(g);
}

void generation_start(struct master *m, struct config *config)
{
	struct generation *g = generation_create(m, config);
	if (!g) {
		operation_ended(m, false, "no memory for a generation");
		if (!m->serving)
			m->exit_code = EX_OSERR;
		master_rest(m);
		return;
	}
	m->starting = g;
	load_prepare(m, config);
	staff_and_begin(g);
}

/* ---- slots that come and go ---- */

void generation_leave_slots(struct generation *g, unsigned first)
{
	for (struct member *m = g->members; m; m = m->next) {
		if (m->slot->index < first || m->state == MEMBER_LEAVING)
			continue;
		lend_forget(g->master, m);
		member_name_heir(m);
		if (m->state == MEMBER_SERVING)
			member_leave(m, MESSAGE_RETIRE, g->config->drain);
		else
			member_leave(m, MESSAGE_NOW, 0.);
	}
}

static bool is_in_use(const struct master *m, const struct slot *s)
{
	for (const struct generation *g = m->generations; g; g = g->older)
		for (const struct member *w = g->members; w; w = w->next)
			if (w->slot == s)
				return true;
	for (size_t i = 0; i < s->socket_count; i++)
		if (s->sockets[i].state != ESCROW_HELD)
			return true;
	return false;
}

void generation_trim_slots(struct master *m)
{
	struct slot_table *t = &m->table;

	if (m->starting || (m->serving && m->serving->workers > t->active))
		return;          /* the slots that are on their way up are empty, too */
	while (t->count > t->active && !is_in_use(m, t->slots[t->count - 1]))
		slots_shrink(t, t->count - 1);
	balance_settle(m);
}

/* ---- ending ---- */

void generation_retire(struct generation *g, double seconds)
{
	all_leave(g, MESSAGE_RETIRE, seconds);
	generation_bury(g);
}

void generation_finish(struct generation *g, double seconds)
{
	all_leave(g, MESSAGE_FINISH, seconds);
	generation_bury(g);
}

void generation_end_now(struct generation *g)
{
	all_leave(g, MESSAGE_NOW, 0.);
	generation_bury(g);
}
