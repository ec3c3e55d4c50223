/* SPDX-License-Identifier: MIT */
/*
 * member.c - a worker as its master sees it: birth, what it says, its death.
 */
#include "master/member.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "master/accesslog.h"
#include "master/bequest.h"
#include "master/chronicle.h"
#include "master/generation.h"
#include "master/inform.h"
#include "master/lend.h"
#include "master/load.h"
#include "master/master.h"
#include "master/obituary.h"
#include "master/replace.h"
#include "master/retire.h"
#include "master/shared.h"
#include "worker/worker.h"

/* How much longer than its own deadline a worker may take to end. */
#define KILL_MARGIN 2.0

/* How long one may take to become ready that an older binary started: start_time's default. */
#define UNTOLD_START 30.0

/* How long a worker may take that was told to end now. */
#define NOW_MARGIN 1.0

/* ---- telling it ---- */

void member_tell_unready(struct member *m)
{
	static const struct message say = {
		.type = MESSAGE_UNREADY,
		.text = "portico is about to stop: new clients are still served, send them elsewhere",
	};

	(void)channel_send(m->child.channel, &say, -1);
}

/* Ready it has never been if its server is on the way out. */
void member_let_serve(struct member *m)
{
	m->state = MEMBER_SERVING;
	m->serving_at = child_clock();
	if (master_is_leaving(m->generation->master))
		member_tell_unready(m);
	(void)child_tell(&m->child, MESSAGE_SERVE, bequest_wait(m), -1);
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

static void tell_to_leave(struct member *m, enum message_type how, double seconds)
{
	const struct message say = {
		.type = how,
		.value = how == MESSAGE_RETIRE && m->estate & ESTATE_ASKED,
		.seconds = seconds,
	};

	(void)channel_send(m->child.channel, &say, -1);
}

/* Who never served has nothing to finish, and may hang where it is; who was told to end
 * now, or is being ended because it does not turn, gets no second deadline. */
void member_leave(struct member *m, enum message_type how, double seconds)
{
	if (m->ending)
		return;
	if (m->state < MEMBER_SERVING)
		how = MESSAGE_NOW;
	m->ending = how == MESSAGE_NOW;
	if (m->state != MEMBER_LEAVING)
		m->leaving_at = child_clock();
	if (how == MESSAGE_RETIRE)
		bequest_explain(m);
	m->state = MEMBER_LEAVING;
	tell_to_leave(m, how, seconds);
	if (!m->stalled)
		child_kill_after(&m->child, overdue_after(how, seconds));
}

/* Whether its idle connections could be what they are there, too: service_adopt() says no otherwise. */
static bool goes_on_in(const struct config_service *s, const struct config *c)
{
	for (size_t i = 0; i < c->service_count; i++) {
		const struct config_service *next = &c->services[i];
		if (strcmp(next->name, s->name) == 0)
			return next->protocol == s->protocol && next->tls_pair_count == 0
				&& (s->proxy_protocol || !next->proxy_protocol);
	}
	return false;
}

/* Of what the binary before it did not tell nothing is known. */
static void name_what_stays(const struct generation *g, const struct config *next, char *stays)
{
	for (size_t i = 0; !g->adopted && i < g->config->service_count; i++)
		stays[i] = !goes_on_in(&g->config->services[i], next);
}

/* Its idle connections go to a worker that serves: in its own slot if there is one. */
void member_name_heir(struct member *m)
{
	const struct master *master = m->generation->master;
	const struct slot_table *t = &master->table;
	const struct slot *slot = t->slots[m->slot->index % t->active];
	struct member *heir = generation_member(master->serving, slot);
	struct message said = { .type = MESSAGE_HEIR };
	int ends[2];

	_Static_assert(sizeof(said.text) >= CONFIG_MAX_LISTENS, "a service listens somewhere");
	if (m->state != MEMBER_SERVING || !heir || heir == m || channel_open(ends) < 0)
		return;
	name_what_stays(m->generation, heir->generation->config, said.text);
	if (child_tell(&heir->child, MESSAGE_LEGACY, 0., ends[0]) == 0)
		(void)channel_send(m->child.channel, &said, ends[1]);
	close(ends[0]);
	close(ends[1]);
}

/* ---- hearing it ---- */

static void told_failure(struct member *m, const struct message *said)
{
	if (!m->told)
		snprintf(m->why, sizeof(m->why), "%s", said->text);
	m->told = true;
	log_error("worker %u: %s", m->slot->index, said->text);
	generation_note_failure(m->generation, (int)said->value, said->text);
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
	member_leave(m, MESSAGE_NOW, 0.);
}

static void on_heard(struct child *c, const struct message *said, int fd)
{
	struct member *m = (struct member *)c;

	if (said->type == MESSAGE_BOUND && m->state != MEMBER_LEAVING) {
		take_socket(m, said, fd);
		return;
	}
	if (said->type == MESSAGE_EXPORTED)
		bequest_pass(m, said, fd);
	if (fd >= 0)
		close(fd);
	if (said->type == MESSAGE_STATUS)
		inform(m);
	if (said->type == MESSAGE_RETURNED)
		retire_returned(m->generation->master, m, said);
	if (m->state == MEMBER_LEAVING)
		return;
	if (said->type == MESSAGE_BOUND_ALL) {
		m->state = MEMBER_BOUND;
		generation_bind_next(m->generation);
	}
	if (said->type == MESSAGE_READY) {
		m->estate = said->value & (ESTATE_EXPORTS | ESTATE_IMPORTS);
		generation_ready(m);
	}
	if (said->type == MESSAGE_FAILED)
		told_failure(m, said);
}

/* ---- its death ---- */

static void delist(struct member *m)
{
	struct member **at = &m->generation->members;

	while (*at != m)
		at = &(*at)->next;
	*at = m->next;
}

static void destroy(struct member *m)
{
	page_destroy(m->page, m->services);
	if (m->page_fd >= 0)
		close(m->page_fd);
	free(m);
}

static void on_died(struct child *c, const siginfo_t *how)
{
	struct member *m = (struct member *)c;
	struct generation *g = m->generation;
	struct slot *slot = m->slot;
	double age = child_age(c);
	char text[MESSAGE_TEXT];

	obituary(m, how, text, sizeof(text));
	if (m->told)
		snprintf(text, sizeof(text), "%s", m->why);
	generation_note_failure(g, EX_SOFTWARE, text);
	bool unasked = m->state != MEMBER_LEAVING;
	g->master->crashes += unasked;
	g->master->lost += ledger_bury(&g->master->ledger, slot->index, m->page, m->services,
		unasked);
	chronicle_bury(g->master, m, unasked);
	lend_forget(g->master, m);
	bequest_lost(m);
	delist(m);
	load_lost(g->master, slot->index);
	replace_lost(m, text);
	destroy(m);
	generation_lost(g, slot, age, text);
}

/* ---- its birth ---- */

static void find_ours(const struct slot *s, const struct config *c, bool *out)
{
	for (size_t i = 0; i < c->service_count; i++) {
		const struct config_service *service = &c->services[i];
		int type = service->protocol == CONFIG_UDP ? SOCK_DGRAM : SOCK_STREAM;
		for (size_t k = 0; k < service->listen_count; k++)
			*out++ = slot_overlaps(s, &service->listens[k], type);
	}
}

static void find_tables(const struct master *m, const struct config *c, struct shortest_table **out)
{
	for (size_t i = 0; i < c->service_count; i++) {
		const struct load *load = load_find(m, c->services[i].name);
		out[i] = load && c->services[i].balance == CONFIG_LOAD ? load_table(load) : NULL;
	}
}

/* What siblings tell of themselves is none of a worker's business. */
static void forget_siblings(const struct member *m)
{
	for (const struct generation *g = m->generation->master->generations; g; g = g->older)
		for (const struct member *w = g->members; w; w = w->next)
			if (w != m)
				page_destroy(w->page, w->services);
}

static int worker_entry(void *arg, int channel)
{
	const struct member *m = arg;
	const struct config *c = m->generation->config;
	struct shortest_table *tables[CONFIG_MAX_LISTENS];
	struct table *shared[CONFIG_MAX_LISTENS];
	struct bus *buses[CONFIG_MAX_LISTENS];
	struct rates *rates[CONFIG_MAX_LISTENS];
	int sockets[CONFIG_MAX_LISTENS], access[CONFIG_MAX_LISTENS];
	bool ours[CONFIG_MAX_LISTENS];
	struct worker_birth birth = {
		.config = c,
		.slot = m->slot->index,
		.generation = m->generation->number,
		.channel = channel,
		.sockets = sockets,
		.socket_count = slot_need(c),
		.log = m->generation->master->log,
		.access = access,
		.admin = m->generation->admin.fd > 0 ? m->generation->admin.fd : -1,
		.page = m->page,
		.ours = ours,
		.tables = tables,
		.shared = shared,
		.buses = buses,
		.rates = rates,
		.tickets = m->generation->master->tickets,
	};

	for (size_t i = 0; i < c->service_count; i++)
		access[i] = m->generation->accesslogs.all[i].fd;
	slot_sockets(m->slot, c, sockets);
	find_ours(m->slot, c, ours);
	find_tables(m->generation->master, c, tables);
	shared_find(m->generation->master, c, shared, buses, rates);
	forget_siblings(m);
	return worker_run(&birth);
}

static int staff_failed(struct member *m, const char *what)
{
	char text[MESSAGE_TEXT];

	snprintf(text, sizeof(text), "worker %u: %s: %s", m->slot->index, what, strerror(errno));
	log_error("%s", text);
	generation_note_failure(m->generation, EX_OSERR, text);
	destroy(m);
	return -1;
}

static struct member *create(struct generation *g, struct slot *slot)
{
	struct member *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	m->generation = g;
	m->slot = slot;
	m->page_fd = -1;
	m->child.heard = on_heard;
	m->child.died = on_died;
	return m;
}

static void enlist(struct member *m)
{
	m->next = m->generation->members;
	m->generation->members = m;
}

int member_spawn(struct generation *g, struct slot *slot)
{
	if (accesslogs_open(g) < 0 || adminsock_open(g) < 0)
		return -1;
	struct member *m = create(g, slot);
	if (!m) {
		generation_note_failure(g, EX_OSERR, "no memory for a worker");
		return -1;
	}
	m->services = (unsigned)g->config->service_count;
	m->page = page_create(m->services, &m->page_fd);
	if (!m->page)
		return staff_failed(m, "shared memory");
	if (child_spawn(&m->child, g->master->loop, worker_entry, m) < 0)
		return staff_failed(m, "fork");
	enlist(m);
	child_kill_after(&m->child, g->config->start_time);
	return 0;
}

/* Seconds; the configuration that an adopted one began with is not known. */
static double time_left(const struct member *m, double due)
{
	double left = due - child_clock();

	if (due > 0.)
		return left > 0. ? left : 0.;
	if (due == DUE_UNTOLD && m->state == MEMBER_LEAVING)
		return overdue_after(MESSAGE_RETIRE, m->generation->config->drain);
	return due == DUE_UNTOLD && m->state < MEMBER_READY ? UNTOLD_START : -1.;
}

int member_adopt(struct generation *g, struct slot *slot, pid_t pid, int channel, int page_fd,
	enum member_state state, double born, double due)
{
	struct member *m = create(g, slot);
	if (!m)
		return -1;
	m->page_fd = page_fd;
	m->page = page_open(page_fd, &m->services);
	m->state = state;
	if (!m->page || child_adopt(&m->child, g->master->loop, pid, channel, born) < 0) {
		destroy(m);
		return -1;
	}
	enlist(m);
	child_kill_after(&m->child, time_left(m, due));
	return 0;
}
