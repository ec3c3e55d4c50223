/* SPDX-License-Identifier: MIT */
/*
 * balance.c - new clients to the slots that are to have them.
 */
#include "master/balance.h"

#include <sys/socket.h>

#include "master/canary.h"
#include "master/generation.h"
#include "master/group.h"
#include "master/load.h"
#include "master/master.h"
#include "master/slot.h"

#define RENEW 0.1

static struct group *find_group(const struct master *m, const struct addr *a, int type)
{
	struct group *g = m->groups;

	while (g && (g->type != type || !addr_equal(&g->addr, a)))
		g = g->next;
	return g;
}

static struct group *have_group(struct master *m, const struct escrow *first)
{
	struct group *g = find_group(m, &first->addr, first->type);

	if (g)
		return g;
	g = group_create(first);
	if (!g)
		return NULL;
	g->next = m->groups;
	m->groups = g;
	return g;
}

void balance_adopt(struct master *m, const struct addr *a, int program, int sockets, int table)
{
	const struct escrow *first = m->table.count > 0
		? slot_find(m->table.slots[0], a, SOCK_STREAM) : NULL;
	struct group *g = first ? have_group(m, first) : NULL;
	struct shortest_group taken = { .program = program, .sockets = sockets };

	if (g)
		group_adopt(g, m, &taken, table);
	else
		shortest_close(&taken);
}

/* Tables of services that no configuration names any more. */
static void drop_tables(struct master *m)
{
	const struct slot *first = m->table.slots[0];
	int table;

	while ((table = load_drop_unused(m)) >= 0)
		for (struct group *g = m->groups; g; g = g->next) {
			const struct escrow *e = slot_find(first, &g->addr, g->type);
			if (e)
				group_leave_table(g, table, e->fd);
		}
	if (!load_any(m))
		ev_timer_stop(m->loop, &m->renewal);
}

static void drop_ended(struct master *m)
{
	const struct slot *first = m->table.slots[0];

	for (struct group **at = &m->groups; *at;) {
		struct group *g = *at;
		if (slot_find(first, &g->addr, g->type)) {
			at = &g->next;
			continue;
		}
		*at = g->next;
		group_destroy(g);
	}
}

static const struct config_service *service_of(const struct master *m, const struct escrow *e)
{
	int number = slot_number(e, m->serving->config);
	return number < 0 ? NULL : slot_service(m->serving->config, (size_t)number);
}

static void settle(struct master *m, const struct escrow *first)
{
	const struct config_service *service = service_of(m, first);
	struct group *g = service ? have_group(m, first) : NULL;
	struct plan plan;

	if (!g)
		return;          /* an address that ends: nobody new comes to it */
	struct load *load = service->balance == CONFIG_LOAD ? load_find(m, service->name) : NULL;
	plan_make(&plan, m, first, service, load);
	if (plan.count == 0)
		return;
	/* A slot's socket is put before the slot opens, and stays until it is closed. */
	int done = group_settle(g, m, first, &plan, load);
	if (load && load_table(load))
		load_let(load, plan.closed, plan.count);
	if (done == 0 || plan.runs != PLAN_SHORTEST)
		return;
	plan_make(&plan, m, first, service, load);
	(void)group_settle(g, m, first, &plan, load);
}

static void on_renew(struct ev_loop *loop, ev_timer *t, int events)
{
	struct master *m = t->data;

	(void)loop;
	(void)events;
	if (m->serving && !m->stopping) {
		load_renew(m);
		balance_settle(m);
	}
}

static void follow_load(struct master *m)
{
	if (!load_any(m) || ev_is_active(&m->renewal))
		return;
	load_renew(m);
	ev_timer_init(&m->renewal, on_renew, RENEW, RENEW);
	m->renewal.data = m;
	ev_timer_start(m->loop, &m->renewal);
}

void balance_settle(struct master *m)
{
	const struct slot *first = m->table.count > 0 ? m->table.slots[0] : NULL;

	/* Of what another binary began nothing is known until the reload. */
	if (!first || !m->serving || m->serving->adopted || m->stopping)
		return;
	drop_tables(m);
	follow_load(m);
	for (size_t k = 0; k < first->socket_count; k++)
		settle(m, &first->sockets[k]);
	drop_ended(m);
}

void balance_fini(struct master *m)
{
	ev_timer_stop(m->loop, &m->renewal);
	while (m->groups) {
		struct group *g = m->groups;
		m->groups = g->next;
		group_destroy(g);
	}
}

/* ---- in words ---- */

static const char *in_words(const struct group *g, const struct load *load)
{
	static const char *const classic[] = {
		[STEER_CHANCE] = "chance by weight, classic BPF",
		[STEER_FLOW] = "sender's address and port, classic BPF",
		[STEER_SOURCE] = "sender's address, classic BPF",
		[STEER_CPU] = "CPU of the packet, classic BPF",
		[STEER_PAYLOAD] = "bytes of the datagram, classic BPF",
	};

	if (g->plan.runs == PLAN_SHORTEST)
		return "shortest queue, extended BPF";
	if (g->plan.runs == PLAN_HASH)
		return "kernel's hash";
	return load ? "weights renewed 10 times a second, classic BPF" : classic[g->plan.by];
}

static const char *reason(const struct master *m, const struct config_service *s,
	const struct group *g, const struct load *load)
{
	if (canary_share(m) > 0.)
		return "a canary has its share of new clients";
	if (load && !load_table(load))
		return load_why(load);
	return s->balance == CONFIG_HASH && g->plan.runs != PLAN_HASH
		? "slots are kept from new clients" : "";
}

void balance_tell(const struct master *m, const struct config_service *s,
	const char **runs, const char **why)
{
	int type = s->protocol == CONFIG_UDP ? SOCK_DGRAM : SOCK_STREAM;
	const struct group *g = find_group(m, &s->listens[0], type);
	const struct load *load = s->balance == CONFIG_LOAD ? load_find(m, s->name) : NULL;

	*runs = *why = "";
	if (!g || !g->known)
		return;
	*runs = in_words(g, load);
	*why = reason(m, s, g, load);
}
