/* SPDX-License-Identifier: MIT */
/*
 * operation.c - what changes the service, one at a time.
 *
 * A reload while another one runs, a scaling while slots still retire: each
 * waits for its turn, so that every operation finds the slots at rest.
 */
#include "master/operation.h"

#include <ev.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "master/chronicle.h"
#include "master/control.h"
#include "master/generation.h"
#include "master/herald.h"
#include "master/master.h"
#include "master/member.h"
#include "master/reload.h"
#include "master/replace.h"
#include "master/retire.h"
#include "master/scale.h"
#include "master/upgrade.h"

/* ---- names ---- */

static const char *name_of(const struct operation *op)
{
	static const char *const names[] = {
		[OPERATION_RELOAD] = "reload",
		[OPERATION_SCALE] = "scale",
		[OPERATION_UPGRADE] = "upgrade",
		[OPERATION_REPLACE] = "retire",
	};

	return names[op->wish.kind];
}

const char *operation_name(const struct master *m)
{
	return m->operation ? name_of(m->operation) : NULL;
}

/* ---- one after another ---- */

static void begin(struct master *m)
{
	const struct operation_wish *w = &m->operation->wish;

	if (w->kind == OPERATION_RELOAD || w->kind == OPERATION_UPGRADE)
		herald_reloading();
	switch (w->kind) {
	case OPERATION_RELOAD:
		reload(m);
		break;
	case OPERATION_SCALE:
		scale(m, w->relative ? (int)m->table.active + w->amount : w->amount);
		break;
	case OPERATION_REPLACE:
		replace(m, (unsigned)w->amount);
		break;
	case OPERATION_UPGRADE:
		upgrade(m);
		break;
	}
}

static bool is_ending(const struct generation *g)
{
	const struct member *w = g->members;

	while (w && !w->ending)
		w = w->next;
	return w != NULL;
}

/* Nothing of an operation before is left: no generation on its way up (that of an upgrade may
 * have no operation, for want of memory), no socket on its way out, no worker of a
 * generation that failed, which may still hold what the next one binds.
 * Those of a canary that drain are no hindrance, and may take for ever. */
static bool is_at_rest(const struct master *m)
{
	if (m->trial || m->starting)
		return false;
	for (const struct generation *g = m->generations; g; g = g->older)
		if (g->gave_up && is_ending(g))
			return false;
	return !retire_is_under_way(m);
}

/* Who asked for it, or reads the log, would wonder. */
static void tell_that_it_waits(struct master *m)
{
	struct operation *next = m->waiting;

	if (next->told || m->stopping)
		return;
	next->told = true;
	if (retire_is_under_way(m))
		log_info("%s waits: what retires takes new clients no more and is emptied first, for %.0f s",
			name_of(next), retire_time());
	else if (m->operation)
		log_info("%s waits: %s is under way", name_of(next), name_of(m->operation));
	else
		log_info("%s waits: the generation before it is on its way", name_of(next));
}

/* From the loop, never from inside what the one before was doing. */
static void on_turn(struct ev_loop *loop, ev_timer *t, int events)
{
	struct master *m = t->data;

	(void)loop;
	(void)events;
	if (!m->waiting)
		return;
	if (m->operation || !m->serving || m->stopping || !is_at_rest(m)) {
		tell_that_it_waits(m);
		return;
	}
	m->operation = m->waiting;
	m->waiting = m->operation->next;
	m->operation->next = NULL;
	begin(m);
}

void operation_next(struct master *m)
{
	ev_timer_stop(m->loop, &m->turn);
	ev_timer_init(&m->turn, on_turn, 0., 0.);
	m->turn.data = m;
	if (m->waiting)
		ev_timer_start(m->loop, &m->turn);
}

/* Two reloads that nobody waits for and that have not begun are one. */
static bool is_already_asked(const struct operation *op, const struct operation_wish *wish)
{
	return op && op->wish.kind == OPERATION_RELOAD && !op->wish.canary && !op->client
		&& wish->kind == OPERATION_RELOAD && !wish->canary;
}

static struct operation *create(struct control_client *client, const char *without_memory)
{
	struct operation *op = calloc(1, sizeof(*op));

	if (op) {
		op->client = client;
		return op;
	}
	log_error("%s", without_memory);
	if (client)
		control_answer(client, false, without_memory);
	return NULL;
}

void operation_ask(struct master *m, const struct operation_wish *wish,
	struct control_client *client)
{
	struct operation **at = &m->waiting, *last = NULL;

	for (; *at; at = &(*at)->next)
		last = *at;
	if (m->stopping && client)
		control_answer(client, false, "portico is stopping");
	if (m->stopping || (!client && is_already_asked(last, wish)))
		return;
	struct operation *op = create(client, "no memory for an operation: try again");
	if (!op)
		return;
	op->wish = *wish;
	*at = op;
	operation_next(m);
}

void operation_adopt(struct master *m, struct control_client *client)
{
	m->operation = create(client,
		"no memory to tell what comes of the upgrade: portico status shows it");
	if (m->operation)
		m->operation->wish.kind = OPERATION_UPGRADE;
}

bool operation_is(const struct master *m, enum operation_kind kind)
{
	return m->operation && m->operation->wish.kind == kind;
}

static void end(struct operation *op, bool good, const char *sentence)
{
	if (op->client)
		control_answer(op->client, good, sentence);
	free(op);
}

/* Why it failed may hold what a configuration has in it: that is for the log and who asked. */
static void keep(struct master *m, bool good, const char *sentence)
{
	if (good)
		chronicle_note(m, CHRONICLE_GOOD, NO_SLOT, "%s", sentence);
	else
		chronicle_note(m, CHRONICLE_FAILED, NO_SLOT, "%s failed; the log says why",
			m->operation ? operation_name(m) : "the operation");
}

void operation_ended(struct master *m, bool good, const char *fmt, ...)
{
	struct operation *op = m->operation;
	char sentence[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	if (good)
		log_info("%s", sentence);
	else
		log_error("%s", sentence);
	keep(m, good, sentence);
	m->operation = NULL;
	if (op && (op->wish.kind == OPERATION_RELOAD || op->wish.kind == OPERATION_UPGRADE))
		*(good ? &m->reloads : &m->reloads_failed) += 1;
	herald_ready(m);         /* first: who waits for the outcome may be the manager */
	if (op)
		end(op, good, sentence);
	operation_next(m);
}

void operation_forget(struct master *m, const struct control_client *client)
{
	if (m->operation && m->operation->client == client)
		m->operation->client = NULL;
	for (struct operation *op = m->waiting; op; op = op->next)
		if (op->client == client)
			op->client = NULL;
}

void operation_stop(struct master *m)
{
	struct operation *op = m->operation;

	ev_timer_stop(m->loop, &m->turn);
	m->operation = NULL;
	if (op) {
		op->next = m->waiting;
		m->waiting = op;
	}
	while ((op = m->waiting)) {
		m->waiting = op->next;
		end(op, false, "portico is stopping");
	}
}
