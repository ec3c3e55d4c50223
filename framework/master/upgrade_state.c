/* SPDX-License-Identifier: MIT */
/*
 * upgrade_state.c - all that a master has, in a memfd, for the next binary.
 *
 * Operations come one at a time and wait until nothing retires, so there is
 * no generation on its way up and no socket on its way out in it: workers,
 * sockets, and generations that drain.
 *
 * Who is stalled or resting, early deaths and what slots did lately stay behind: all of it is
 * seen anew.
 */
#include "master/upgrade_state.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "master/chronicle.h"
#include "master/control.h"
#include "master/generation.h"
#include "master/group.h"
#include "master/load.h"
#include "master/logfile.h"
#include "master/master.h"
#include "master/operation.h"
#include "master/shared.h"
#include "master/status.h"
#include "master/tickets.h"
#include "master/upgrade_parts.h"

#define STATE_FD "PORTICO_STATE_FD"

/* ---- descriptors ---- */

static void live_through_exec(int fd, bool yes)
{
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, yes ? 0 : FD_CLOEXEC);
}

static void load_lives(void *arg, const char *service, int fd)
{
	(void)service;
	live_through_exec(fd, *(const bool *)arg);
}

static void shared_lives(void *arg, const char *service, enum shared_kind kind, int fd, int bell)
{
	(void)kind;
	load_lives(arg, service, fd);
	load_lives(arg, service, bell);
}

static void unheard_lives(void *arg, int fd)
{
	live_through_exec(fd, *(const bool *)arg);
}

static void all_live_through_exec(struct master *m, bool yes)
{
	live_through_exec(m->log, yes);
	live_through_exec(control_fd(m), yes);
	control_each_unheard(m, unheard_lives, &yes);
	if (m->operation)
		live_through_exec(control_client_fd(m->operation->client), yes);
	for (const struct operation *op = m->waiting; op; op = op->next)
		live_through_exec(control_client_fd(op->client), yes);
	for (unsigned i = 0; i < m->table.count; i++)
		for (size_t k = 0; k < m->table.slots[i]->socket_count; k++)
			live_through_exec(m->table.slots[i]->sockets[k].fd, yes);
	live_through_exec(m->tickets_fd, yes);
	load_each(m, load_lives, &yes);
	shared_each(m, shared_lives, &yes);
	for (const struct group *g = m->groups; g; g = g->next) {
		live_through_exec(g->shortest.program, yes);
		live_through_exec(g->shortest.sockets, yes);
	}
	for (struct generation *g = m->generations; g; g = g->older) {
		if (g->admin.fd > 0)
			live_through_exec(g->admin.fd, yes);
		for (struct member *w = g->members; w; w = w->next) {
			live_through_exec(w->child.channel, yes);
			live_through_exec(w->page_fd, yes);
		}
	}
}

/* ---- out ---- */

static json_t *waiting_json(const struct master *m)
{
	json_t *all = json_array();

	for (const struct operation *op = m->waiting; op; op = op->next)
		json_array_append_new(all, json_pack("{s:i, s:i, s:b, s:b, s:f, s:f, s:i}",
			"kind", (int)op->wish.kind, "amount", op->wish.amount,
			"relative", (int)op->wish.relative, "canary", (int)op->wish.canary,
			"share", op->wish.share, "seconds", op->wish.seconds,
			"client", control_client_fd(op->client)));
	return all;
}

static void add_fd(void *all, int fd)
{
	json_array_append_new(all, json_integer(fd));
}

static json_t *unheard_json(const struct master *m)
{
	json_t *all = json_array();

	control_each_unheard(m, add_fd, all);
	return all;
}

static json_t *master_json(const struct master *m, int ledger)
{
	return json_pack("{s:i, s:i, s:f, s:f, s:f, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:f, s:f, s:i, s:i, s:i, s:i, s:o, s:i, "
		"s:o, s:o, s:o, s:o, s:o}",
		"version", UPGRADE_STATE_VERSION, "born", (int)m->born, "began", m->began,
		"leave_at", m->leave_at, "leave_time", m->leave_time,
		"reloads", (int)m->reloads, "reloads_failed", (int)m->reloads_failed,
		"crashes", (int)m->crashes, "upgrades", (int)m->upgrades,
		"stalls", (int)m->stalls, "strangers_seen", (int)m->strangers_seen,
		"lost", (json_int_t)m->lost, "started", m->started, "reloaded", m->reloaded,
		"ledger", ledger, "tickets", m->tickets_fd, "log", m->log,
		"control", control_fd(m), "control_path", status_text(control_path(m)),
		"client", control_client_fd(m->operation->client),
		"chronicle", chronicle_save(m), "waiting", waiting_json(m), "unheard", unheard_json(m), "sockets", upgrade_sockets_save(m),
		"generations", upgrade_generations_save(m));
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

int upgrade_state_save(struct master *m)
{
	char number[16];
	int fd = memfd_create("portico-state", 0);
	int ledger = memfd_create("portico-ledger", 0);
	json_t *state = master_json(m, ledger);

	if (!state || fd < 0 || ledger < 0 || ledger_save(&m->ledger, ledger) < 0
		|| json_dumpfd(state, fd, JSON_COMPACT) < 0) {
		json_decref(state);
		close_if_open(fd);
		close_if_open(ledger);
		return -1;
	}
	m->ledger_fd = ledger;
	json_decref(state);
	snprintf(number, sizeof(number), "%d", fd);
	setenv(STATE_FD, number, 1);
	all_live_through_exec(m, true);
	return 0;
}

void upgrade_state_forget(struct master *m)
{
	close(atoi(getenv(STATE_FD)));
	close(m->ledger_fd);
	unsetenv(STATE_FD);
	all_live_through_exec(m, false);
}

/* ---- in ---- */

/* They wait for the reload that belongs to the upgrade. */
static void load_waiting(struct master *m, const json_t *all)
{
	size_t i;
	json_t *op;

	json_array_foreach(all, i, op)
		operation_ask(m, &(struct operation_wish){
			.kind = (enum operation_kind)upgrade_int(op, "kind"),
			.amount = upgrade_int(op, "amount"),
			.relative = json_is_true(json_object_get(op, "relative")),
			.canary = json_is_true(json_object_get(op, "canary")),
			.share = upgrade_real(op, "share"),
			.seconds = upgrade_real(op, "seconds"),
		}, control_adopt_client(m, upgrade_int(op, "client")));
}

static void load_unheard(struct master *m, const json_t *all)
{
	size_t i;
	json_t *fd;

	json_array_foreach(all, i, fd)
		control_adopt_unheard(m, (int)json_integer_value(fd));
}

/* Without it the numbers begin anew, and all else goes on. */
static void load_ledger(struct master *m, int fd)
{
	if (lseek(fd, 0, SEEK_SET) < 0 || ledger_load(&m->ledger, fd) < 0)
		log_warn("upgrade: what workers of before have counted cannot be read: %m");
	close(fd);
}

/* A path need not be text, so the one in the state, which older binaries read, is not asked. */
static int load_control(struct master *m, int fd)
{
	struct sockaddr_un name = {0};
	socklen_t len = sizeof(name);

	if (fd < 0)
		return 0;
	return getsockname(fd, (struct sockaddr *)&name, &len) < 0 ? -1
		: control_adopt(m, fd, name.sun_path);
}

static int load_all(struct master *m, const json_t *state)
{
	if (upgrade_int(state, "version") != UPGRADE_STATE_VERSION)
		return -1;
	m->crashes = (unsigned)upgrade_int(state, "crashes");
	m->upgrades = (unsigned)upgrade_int(state, "upgrades") + 1;
	m->started = upgrade_real(state, "started");
	m->reloaded = upgrade_real(state, "reloaded");
	m->strangers_seen = (unsigned)upgrade_int(state, "strangers_seen");
	m->stalls = (unsigned)upgrade_int(state, "stalls");
	m->lost = (uint64_t)json_integer_value(json_object_get(state, "lost"));
	m->leave_time = upgrade_real(state, "leave_time");
	m->leave_at = upgrade_real(state, "leave_at");
	m->reloads = (unsigned)upgrade_int(state, "reloads");
	m->reloads_failed = (unsigned)upgrade_int(state, "reloads_failed");
	m->began = json_object_get(state, "began") ? upgrade_real(state, "began")
		: (double)time(NULL) - (child_clock() - m->started);
	chronicle_load(m, json_object_get(state, "chronicle"));
	load_ledger(m, upgrade_int(state, "ledger"));
	if (json_object_get(state, "tickets"))
		tickets_adopt(m, upgrade_int(state, "tickets"));
	log_to(upgrade_int(state, "log"));
	if (upgrade_sockets_load(m, json_object_get(state, "sockets")) < 0
		|| upgrade_generations_load(m, json_object_get(state, "generations")) < 0)
		return -1;
	logfile_adopt(m, m->serving->config, upgrade_int(state, "log"));
	m->born = (unsigned)upgrade_int(state, "born");
	if (load_control(m, upgrade_int(state, "control")) < 0)
		return -1;
	operation_adopt(m, control_adopt_client(m, upgrade_int(state, "client")));
	if (m->leave_at > 0.)
		master_go_on_leaving(m);
	load_waiting(m, json_object_get(state, "waiting"));
	load_unheard(m, json_object_get(state, "unheard"));
	return 0;
}

static json_t *read_state(int fd)
{
	json_t *state = lseek(fd, 0, SEEK_SET) == 0 ? json_loadfd(fd, 0, NULL) : NULL;

	close(fd);
	unsetenv(STATE_FD);
	return state;
}

int upgrade_state_load(struct master *m)
{
	const char *number = getenv(STATE_FD);

	if (!number)
		return 0;
	json_t *state = read_state(atoi(number));
	int result = state ? load_all(m, state) : -1;
	json_decref(state);
	if (result < 0) {
		log_error("upgrade: the state of the binary before this one cannot be used");
		return -1;
	}
	all_live_through_exec(m, false);
	return 1;
}
