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
#include "master/master.h"
#include "master/obituary.h"
#include "master/reload.h"
#include "master/throttle.h"
#include "worker/worker.h"

/* How much longer than its own deadline a worker may take to end. */
#define KILL_MARGIN 2.0

/* How long a worker may take that was told to end now. */
#define NOW_MARGIN 1.0

/* ---- members ---- */

static void unlink_member(struct member *m)
{
	struct member **at = &m->generation->members;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
}

struct member *generation_member(const struct generation *g, const struct slot *slot)
{
	struct member *m = g->members;

	while (m && m->slot != slot)
		m = m->next;
	return m;
}

static bool all_have_reached(const struct generation *g, enum member_state state)
{
	for (unsigned i = 0; i < g->config->workers; i++) {
		const struct member *m = generation_member(g, g->master->table.slots[i]);
		if (!m || m->state < state || m->state == MEMBER_LEAVING)
			return false;
	}
	return true;
}

static void leave(struct member *m, enum message_type how, double seconds)
{
	m->state = MEMBER_LEAVING;
	(void)child_tell(&m->child, how, seconds, -1);
	child_kill_after(&m->child, how == MESSAGE_NOW ? NOW_MARGIN
		: seconds > 0. ? seconds + KILL_MARGIN : -1.);
}

static void all_leave(struct generation *g, enum message_type how, double seconds)
{
	g->state = GENERATION_RETIRING;
	for (struct member *m = g->members; m; m = m->next)
		leave(m, how, seconds);
}

/* ---- the way up ---- */

/* The lowest slot whose worker still has to bind goes next. */
static void bind_next(struct generation *g)
{
	for (unsigned i = 0; i < g->config->workers; i++) {
		struct member *m = generation_member(g, g->master->table.slots[i]);
		if (!m || m->state != MEMBER_BORN)
			continue;
		(void)child_tell(&m->child, MESSAGE_BIND, 0., -1);
		return;
	}
}

static void let_serve(struct member *m)
{
	m->state = MEMBER_SERVING;
	(void)child_tell(&m->child, MESSAGE_SERVE, 0., -1);
}

static void remember_failure(struct generation *g, int code, const char *why)
{
	if (g->failure)
		return;
	g->failure = code;
	snprintf(g->why, sizeof(g->why), "%s", why);
}

/* Frees it if it is over.  Only at the end of whatever was going on with it. */
static void bury(struct generation *g)
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
	config_destroy(g->config);
	free(g);
	master_rest(m);
}

/* It will not serve.  Its workers are ended; whoever serves goes on. */
static void give_up(struct generation *g)
{
	struct master *m = g->master;

	if (g->state != GENERATION_STARTING)
		return;
	g->state = GENERATION_RETIRING;
	m->starting = NULL;
	if (m->serving) {
		slots_keep_only(&m->table, m->serving->config);
		log_error("reload failed: %s; generation %u goes on", g->why, m->serving->number);
	} else if (!m->stopping) {
		log_error("cannot start: %s", g->why);
		m->exit_code = g->failure;
	}
	all_leave(g, MESSAGE_NOW, 0.);
	reload_ended(m);
}

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
	}
}

static void promote(struct generation *g)
{
	struct master *m = g->master;
	struct generation *old = m->serving;
	char text[1024] = "";

	g->state = GENERATION_SERVING;
	m->serving = g;
	m->starting = NULL;
	for (struct member *w = g->members; w; w = w->next)
		let_serve(w);
	throttle_reset(m);
	describe(g, text, sizeof(text));
	log_info("generation %u serves after %.0f ms: master %d, %u worker%s%s", g->number,
		(ev_time() - g->born) * 1e3, (int)getpid(), g->config->workers,
		g->config->workers == 1 ? "" : "s", text);
	if (old) {
		generation_retire(old, old->config->drain);
		slots_keep_only(&m->table, g->config);
	}
	reload_ended(m);
}

static void serve_if_all_ready(struct generation *g)
{
	const struct config_service *failed;

	if (!all_have_reached(g, MEMBER_READY))
		return;
	if (slots_listen(&g->master->table, g->config, &failed) == 0) {
		promote(g);
		return;
	}
	char text[MESSAGE_TEXT];
	snprintf(text, sizeof(text), "service %s: listen: %s", failed->name, strerror(errno));
	remember_failure(g, errno == EADDRINUSE ? EX_UNAVAILABLE : EX_OSERR, text);
	give_up(g);
}

static void became_ready(struct member *m)
{
	m->state = MEMBER_READY;
	child_kill_after(&m->child, -1.);  /* it may wait for its siblings */
	if (m->generation->state == GENERATION_SERVING)
		let_serve(m);
	else
		serve_if_all_ready(m->generation);
}

static void told_failure(struct member *m, const struct message *said)
{
	m->told = true;
	log_error("worker %u: %s", m->slot->index, said->text);
	remember_failure(m->generation, (int)said->value, said->text);
}

static void on_heard(struct child *c, const struct message *said, int fd)
{
	struct member *m = (struct member *)c;

	if (said->type == MESSAGE_BOUND && fd >= 0) {
		slot_take(m->slot, m->generation->config, said->value, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (m->state == MEMBER_LEAVING)
		return;
	if (said->type == MESSAGE_BOUND_ALL) {
		m->state = MEMBER_BOUND;
		bind_next(m->generation);
	}
	if (said->type == MESSAGE_READY)
		became_ready(m);
	if (said->type == MESSAGE_FAILED)
		told_failure(m, said);
}

/* ---- the way down ---- */

static void on_died(struct child *c, const siginfo_t *how)
{
	struct member *m = (struct member *)c;
	struct generation *g = m->generation;
	struct slot *slot = m->slot;
	double age = child_age(c);
	char text[MESSAGE_TEXT];

	obituary(m, how, text, sizeof(text));
	remember_failure(g, EX_SOFTWARE, text);
	unlink_member(m);
	pulse_destroy(m->pulse);
	free(m);
	if (g->state == GENERATION_STARTING)
		give_up(g);
	else if (g->state == GENERATION_SERVING && !g->master->stopping)
		throttle_replace(slot, age);
	bury(g);
}

/* ---- making ---- */

static int worker_entry(void *arg, int channel)
{
	const struct member *m = arg;
	const struct config *c = m->generation->config;
	int sockets[CONFIG_MAX_LISTENS];
	struct worker_birth birth = {
		.config = c,
		.slot = m->slot->index,
		.channel = channel,
		.sockets = sockets,
		.socket_count = slot_need(c),
		.log = m->generation->master->log,
		.pulse = m->pulse,
	};

	slot_sockets(m->slot, c, sockets);
	return worker_run(&birth);
}

static int staff_failed(struct member *m, const char *what)
{
	char text[MESSAGE_TEXT];

	snprintf(text, sizeof(text), "worker %u: %s: %s", m->slot->index, what, strerror(errno));
	log_error("%s", text);
	remember_failure(m->generation, EX_OSERR, text);
	pulse_destroy(m->pulse);
	free(m);
	return -1;
}

int generation_staff(struct generation *g, struct slot *slot)
{
	struct member *m = calloc(1, sizeof(*m));
	if (!m)
		return -1;
	m->generation = g;
	m->slot = slot;
	m->child.heard = on_heard;
	m->child.died = on_died;
	m->pulse = pulse_create();
	if (!m->pulse)
		return staff_failed(m, "shared memory");
	if (child_spawn(&m->child, g->master->loop, worker_entry, m) < 0)
		return staff_failed(m, "fork");
	m->next = g->members;
	g->members = m;
	child_kill_after(&m->child, g->config->start_time);
	return 0;
}

static void staff_all(struct generation *g)
{
	struct master *m = g->master;

	if (slots_grow(&m->table, m, g->config->workers) < 0) {
		remember_failure(g, EX_OSERR, "no memory for slots");
		return;
	}
	for (unsigned i = 0; i < g->config->workers; i++)
		if (generation_staff(g, m->table.slots[i]) < 0)
			return;
}

void generation_start(struct master *m, struct config *config)
{
	struct generation *g = calloc(1, sizeof(*g));
	if (!g) {
		config_destroy(config);
		log_error("no memory for a generation");
		if (!m->serving)
			m->exit_code = EX_OSERR;
		master_rest(m);
		return;
	}
	g->master = m;
	g->number = ++m->born;
	g->config = config;
	g->born = ev_time();
	g->older = m->generations;
	m->generations = g;
	m->starting = g;
	staff_all(g);
	if (g->failure)
		give_up(g);
	else
		bind_next(g);
	bury(g);
}

/* ---- ending ---- */

void generation_tell(struct generation *g, enum message_type type, double seconds, int fd)
{
	for (struct member *m = g->members; m; m = m->next)
		(void)child_tell(&m->child, type, seconds, fd);
}

void generation_retire(struct generation *g, double seconds)
{
	all_leave(g, MESSAGE_RETIRE, seconds);
	bury(g);
}

void generation_finish(struct generation *g, double seconds)
{
	all_leave(g, MESSAGE_FINISH, seconds);
	bury(g);
}

void generation_end_now(struct generation *g)
{
	all_leave(g, MESSAGE_NOW, 0.);
	bury(g);
}
