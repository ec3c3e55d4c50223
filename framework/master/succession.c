/* SPDX-License-Identifier: MIT */
/*
 * succession.c - a generation takes over from the one that serves.
 */
#include "master/succession.h"

#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "config/config.h"
#include "master/balance.h"
#include "master/canary.h"
#include "master/control.h"
#include "master/generation.h"
#include "master/history.h"
#include "master/lend.h"
#include "master/logfile.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/retire.h"
#include "master/shares.h"
#include "master/stall.h"
#include "master/throttle.h"
#include "master/watch.h"

static void describe(const struct generation *g, char *out, size_t size)
{
	const struct config *c = g->config;
	size_t at = 0;

	for (size_t i = 0; i < c->service_count && at < size; i++) {
		const struct config_service *s = &c->services[i];
		at += (size_t)snprintf(out + at, size - at, "; %s %s", s->name,
			config_protocol_name(s->protocol));
		for (size_t k = 0; k < s->listen_count && at < size; k++) {
			char text[ADDR_TEXT];
			at += (size_t)snprintf(out + at, size - at, "%s %s", k ? "," : "",
				addr_format(&s->listens[k], text));
		}
		if (config_is_admin(s) && c->admin_path && at < size)
			at += (size_t)snprintf(out + at, size - at, "%s unix:%s",
				s->listen_count > 0 ? "," : "", c->admin_path);
	}
}

/* So that reload after reload under long connections cannot fill the machine.
 * A second is enough for it to hand its idle connections on. */
static void hurry_those_over_limit(struct master *m)
{
	int64_t limit = m->serving->config->generations, draining = 0;

	for (struct generation *g = m->serving->older, *older; g; g = older) {
		older = g->older;
		if (g->state != GENERATION_RETIRING || ++draining <= limit || g->hurried)
			continue;
		log_warn("more than generations = %lld are draining: generation %u is ended now",
			(long long)limit, g->number);
		g->hurried = true;
		generation_retire(g, 1.);
	}
}

static void take_over(struct generation *g, struct generation *old)
{
	struct master *m = g->master;

	for (struct member *w = old->members; w; w = w->next) {
		lend_forget(m, w);
		member_name_heir(w);
	}
	retire_addresses(m, old);
	generation_retire(old, old->config->drain);
	hurry_those_over_limit(m);
}

void succeed(struct generation *g)
{
	struct master *m = g->master;
	struct generation *old = m->serving;
	char text[1024] = "";

	g->state = GENERATION_SERVING;
	m->serving = g;
	m->starting = NULL;
	m->table.active = g->workers;
	m->reloaded = old ? child_clock() : 0.;
	if (old)
		shares_reloaded(m);
	canary_end(m);
	for (unsigned i = 0; i < m->table.count; i++)
		stall_forget(m->table.slots[i]);
	throttle_reset(m);
	(void)logfile_follow(m, g->config);
	(void)control_move(m, g->config->control);
	generation_let_serve(g);
	generation_leave_slots(g, g->workers);   /* where its canaries were */
	balance_settle(m);
	if (old)
		take_over(g, old);
	retire_slots(m);
	lend_settle(m);
	stall_follow(m);
	history_start(m);
	watch_start(m);
	describe(g, text, sizeof(text));
	operation_ended(m, true, "generation %u serves after %.0f ms: master %d, %u worker%s%s",
		g->number, (child_clock() - g->born) * 1e3, (int)getpid(), g->workers,
		g->workers == 1 ? "" : "s", text);
}
