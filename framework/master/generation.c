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
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "master/lend.h"
#include "master/logfile.h"
#include "master/master.h"
#include "master/obituary.h"
#include "master/operation.h"
#include "master/retire.h"
#include "master/scale.h"
#include "master/steering.h"
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

static void member_destroy(struct member *m)
{
	pulse_destroy(m->pulse);
	if (m->pulse_fd >= 0)
		close(m->pulse_fd);
	free(m);
}

struct member *generation_member(const struct generation *g, const struct slot *slot)
{
	struct member *m = g->members;

	while (m && (m->slot != slot || m->state == MEMBER_LEAVING))
		m = m->next;
	return m;
}

static bool all_have_reached(const struct generation *g, enum member_state state)
{
	for (unsigned i = 0; i < g->workers; i++) {
		const struct member *m = generation_member(g, g->master->table.slots[i]);
		if (!m || m->state < state)
			return false;
	}
	return true;
}

/* When it is overdue: it may have to keep an address for longer than it drains. */
static double overdue_after(enum message_type how, double seconds)
{
	if (how == MESSAGE_NOW)
		return NOW_MARGIN;
	if (seconds <= 0.)
		return -1.;
	return KILL_MARGIN + (seconds > retire_time() ? seconds : retire_time());
}

/* Who never served has nothing to finish, and may hang where it is; who was
 * told to end now gets no second deadline. */
static void leave(struct member *m, enum message_type how, double seconds)
{
	if (m->ending)
		return;
	if (m->state < MEMBER_SERVING)
		how = MESSAGE_NOW;
	m->ending = how == MESSAGE_NOW;
	m->state = MEMBER_LEAVING;
	(void)child_tell(&m->child, how, seconds, -1);
	child_kill_after(&m->child, overdue_after(how, seconds));
}

static void all_leave(struct generation *g, enum message_type how, double seconds)
{
	g->state = GENERATION_RETIRING;
	for (struct member *m = g->members; m; m = m->next)
		leave(m, how, seconds);
}

/* ---- the way up ---- */

/* The lowest slot whose worker still has to bind goes next. */
void generation_bind_next(struct generation *g)
{
	for (unsigned i = 0; i < g->workers; i++) {
		struct member *m = generation_member(g, g->master->table.slots[i]);
		if (!m || m->state != MEMBER_BORN)
			continue;
		(void)child_tell(&m->child, MESSAGE_BIND, 0., -1);
		return;
	}
}

bool generation_all_ready(const struct generation *g)
{
	return all_have_reached(g, MEMBER_READY);
}

static void let_serve(struct member *m)
{
	m->state = MEMBER_SERVING;
	(void)child_tell(&m->child, MESSAGE_SERVE, 0., -1);
}

void generation_let_serve(struct generation *g)
{
	for (struct member *m = g->members; m; m = m->next)
		if (m->state == MEMBER_READY)
			let_serve(m);
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
	operation_next(m);
	master_rest(m);
}

/* It will not serve.  Its workers are ended; whoever serves goes on. */
static void give_up(struct generation *g)
{
	struct master *m = g->master;

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

/* So that reload after reload under long connections cannot fill the machine. */
static void end_oldest_over_limit(struct master *m)
{
	const struct generation *newest = m->serving;
	struct generation *oldest = NULL;
	int64_t draining = 0;

	for (struct generation *g = newest->older; g; g = g->older)
		if (g->state == GENERATION_RETIRING) {
			draining++;
			oldest = g;
		}
	if (draining <= newest->config->generations)
		return;
	log_warn("%lld generations are draining, over generations = %lld: generation %u is ended now",
		(long long)draining, (long long)newest->config->generations, oldest->number);
	generation_end_now(oldest);
}

/* Its idle connections go to a worker that serves: in its own slot if there is one. */
static void name_heir(struct member *m)
{
	const struct master *master = m->generation->master;
	const struct slot_table *t = &master->table;
	const struct slot *slot = t->slots[m->slot->index % t->active];
	struct member *heir = generation_member(master->serving, slot);
	int ends[2];

	if (m->state != MEMBER_SERVING || !heir || heir == m || channel_open(ends) < 0)
		return;
	if (child_tell(&heir->child, MESSAGE_LEGACY, 0., ends[0]) == 0)
		(void)child_tell(&m->child, MESSAGE_HEIR, 0., ends[1]);
	close(ends[0]);
	close(ends[1]);
}

static void take_over(struct generation *g, struct generation *old)
{
	struct master *m = g->master;

	for (struct member *w = old->members; w; w = w->next) {
		lend_forget(m, w);
		name_heir(w);
	}
	retire_addresses(m, old);
	generation_retire(old, old->config->drain);
	end_oldest_over_limit(m);
}

static void promote(struct generation *g)
{
	struct master *m = g->master;
	struct generation *old = m->serving;
	char text[1024] = "";

	g->state = GENERATION_SERVING;
	m->serving = g;
	m->starting = NULL;
	m->table.active = g->workers;
	throttle_reset(m);
	(void)logfile_open(m, g->config->log);
	generation_let_serve(g);
	steering_settle(m);
	if (old)
		take_over(g, old);
	retire_slots(m);
	lend_settle(m);
	describe(g, text, sizeof(text));
	operation_ended(m, true, "generation %u serves after %.0f ms: master %d, %u worker%s%s",
		g->number, (child_clock() - g->born) * 1e3, (int)getpid(), g->workers,
		g->workers == 1 ? "" : "s", text);
}

static void serve_if_all_ready(struct generation *g)
{
	const struct config_service *failed;

	if (!generation_all_ready(g))
		return;
	if (slots_listen(&g->master->table, g->config, g->workers, &failed) == 0) {
		promote(g);
		return;
	}
	char text[MESSAGE_TEXT];
	snprintf(text, sizeof(text), "service %s: listen: %s", failed->name, strerror(errno));
	remember_failure(g, errno == EADDRINUSE ? EX_UNAVAILABLE : EX_OSERR, text);
	give_up(g);
}

static bool is_active(const struct member *m)
{
	return m->slot->index < m->generation->master->table.active;
}

static void became_ready(struct member *m)
{
	struct generation *g = m->generation;

	m->state = MEMBER_READY;
	child_kill_after(&m->child, -1.);  /* it may wait for its siblings */
	if (g->state == GENERATION_STARTING) {
		serve_if_all_ready(g);
	} else if (is_active(m)) {
		let_serve(m);
		lend_settle(g->master);
	} else {
		scale_ready(g->master);
	}
}

static void told_failure(struct member *m, const struct message *said)
{
	if (!m->told)
		snprintf(m->why, sizeof(m->why), "%s", said->text);
	m->told = true;
	log_error("worker %u: %s", m->slot->index, said->text);
	remember_failure(m->generation, (int)said->value, said->text);
}

static void take_socket(struct member *m, const struct message *said, int fd)
{
	static const struct message lost = {
		.value = EX_OSERR,
		.text = "a socket of it did not reach the master: no descriptor or no room for it; "
			"raise the limit (ulimit -Hn, LimitNOFILE=)",
	};

	if (fd >= 0 && slot_take(m->slot, m->generation->config, said->value, fd) == 0)
		return;
	told_failure(m, &lost);
	leave(m, MESSAGE_NOW, 0.);
}

static void on_heard(struct child *c, const struct message *said, int fd)
{
	struct member *m = (struct member *)c;

	if (said->type == MESSAGE_BOUND && m->state != MEMBER_LEAVING) {
		take_socket(m, said, fd);
		return;
	}
	if (fd >= 0)
		close(fd);
	if (said->type == MESSAGE_RETURNED)
		retire_returned(m->generation->master, m, said);
	if (m->state == MEMBER_LEAVING)
		return;
	if (said->type == MESSAGE_BOUND_ALL) {
		m->state = MEMBER_BOUND;
		generation_bind_next(m->generation);
	}
	if (said->type == MESSAGE_READY)
		became_ready(m);
	if (said->type == MESSAGE_FAILED)
		told_failure(m, said);
}

/* ---- the way down ---- */

static void replace_if_needed(struct generation *g, struct slot *slot, double age, const char *why)
{
	struct master *m = g->master;

	if (g->state == GENERATION_STARTING)
		give_up(g);
	else if (g->state != GENERATION_SERVING || m->stopping)
		return;
	else if (slot->index < m->table.active)
		throttle_replace(slot, age);
	else
		scale_failed(m, why);
}

static void on_died(struct child *c, const siginfo_t *how)
{
	struct member *m = (struct member *)c;
	struct generation *g = m->generation;
	struct master *master = g->master;
	struct slot *slot = m->slot;
	double age = child_age(c);
	char text[MESSAGE_TEXT];

	obituary(m, how, text, sizeof(text));
	if (m->told)
		snprintf(text, sizeof(text), "%s", m->why);
	remember_failure(g, EX_SOFTWARE, text);
	master->crashes += m->state != MEMBER_LEAVING;
	lend_forget(master, m);
	unlink_member(m);
	member_destroy(m);
	replace_if_needed(g, slot, age, text);
	generation_trim_slots(master);
	retire_check(master);
	bury(g);
}

/* ---- making ---- */

static void find_ours(const struct slot *s, const struct config *c, bool *out)
{
	for (size_t i = 0; i < c->service_count; i++) {
		const struct config_service *service = &c->services[i];
		int type = service->protocol == CONFIG_UDP ? SOCK_DGRAM : SOCK_STREAM;
		for (size_t k = 0; k < service->listen_count; k++)
			*out++ = slot_overlaps(s, &service->listens[k], type);
	}
}

static int worker_entry(void *arg, int channel)
{
	const struct member *m = arg;
	const struct config *c = m->generation->config;
	int sockets[CONFIG_MAX_LISTENS];
	bool ours[CONFIG_MAX_LISTENS];
	struct worker_birth birth = {
		.config = c,
		.slot = m->slot->index,
		.channel = channel,
		.sockets = sockets,
		.socket_count = slot_need(c),
		.log = m->generation->master->log,
		.pulse = m->pulse,
		.ours = ours,
	};

	slot_sockets(m->slot, c, sockets);
	find_ours(m->slot, c, ours);
	return worker_run(&birth);
}

static int staff_failed(struct member *m, const char *what)
{
	char text[MESSAGE_TEXT];

	snprintf(text, sizeof(text), "worker %u: %s: %s", m->slot->index, what, strerror(errno));
	log_error("%s", text);
	remember_failure(m->generation, EX_OSERR, text);
	member_destroy(m);
	return -1;
}

static struct member *member_create(struct generation *g, struct slot *slot)
{
	struct member *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->generation = g;
	m->slot = slot;
	m->pulse_fd = -1;
	m->child.heard = on_heard;
	m->child.died = on_died;
	return m;
}

static void enlist(struct member *m)
{
	m->next = m->generation->members;
	m->generation->members = m;
}

int generation_staff(struct generation *g, struct slot *slot)
{
	struct member *m = member_create(g, slot);
	if (!m) {
		remember_failure(g, EX_OSERR, "no memory for a worker");
		return -1;
	}
	m->pulse = pulse_create(&m->pulse_fd);
	if (!m->pulse)
		return staff_failed(m, "shared memory");
	if (child_spawn(&m->child, g->master->loop, worker_entry, m) < 0)
		return staff_failed(m, "fork");
	enlist(m);
	child_kill_after(&m->child, g->config->start_time);
	return 0;
}

int generation_adopt(struct generation *g, struct slot *slot, pid_t pid, int channel, int pulse_fd,
	enum member_state state, double born)
{
	struct member *m = member_create(g, slot);
	if (!m)
		return -1;
	m->pulse_fd = pulse_fd;
	m->pulse = pulse_open(pulse_fd);
	m->state = state;
	if (!m->pulse || child_adopt(&m->child, g->master->loop, pid, channel, born) < 0) {
		member_destroy(m);
		return -1;
	}
	enlist(m);
	if (state == MEMBER_LEAVING)
		child_kill_after(&m->child, overdue_after(MESSAGE_RETIRE, g->config->drain));
	return 0;
}

static void staff_all(struct generation *g)
{
	struct master *m = g->master;

	if (slots_grow(&m->table, m, g->workers) < 0) {
		remember_failure(g, EX_OSERR, "no memory for slots");
		return;
	}
	if (m->serving && g->workers > m->table.active)
		steering_hold(m);
	for (unsigned i = 0; i < g->workers; i++)
		if (generation_staff(g, m->table.slots[i]) < 0)
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
	staff_all(g);
	if (g->failure)
		give_up(g);
	else
		generation_bind_next(g);
	bury(g);
}

/* ---- slots that come and go ---- */

void generation_leave_slots(struct generation *g, unsigned first)
{
	for (struct member *m = g->members; m; m = m->next) {
		if (m->slot->index < first || m->state == MEMBER_LEAVING)
			continue;
		lend_forget(g->master, m);
		name_heir(m);
		if (m->state == MEMBER_SERVING)
			leave(m, MESSAGE_RETIRE, g->config->drain);
		else
			leave(m, MESSAGE_NOW, 0.);
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
	steering_settle(m);
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
