/* SPDX-License-Identifier: MIT */
/*
 * watch.c - strangers in our groups: sockets on our addresses that are not ours.
 *
 * At its start a server is refused where somebody else is.  Later any process of
 * the same user can join a group and silently take a share of its clients, or bind
 * a more specific address and take all of that one's.
 */
#include "master/watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/log.h"
#include "config/config.h"
#include "master/chronicle.h"
#include "master/generation.h"
#include "master/master.h"
#include "sys/stranger.h"

#define EVERY 5.

struct crowd {                   /* those found in one look */
	struct stranger found[MASTER_STRANGERS];
	size_t          count;
};

/* What our slots hold in escrow, so that /proc is read only if there is anybody else. */
static unsigned long *our_inodes(const struct master *m, size_t *count)
{
	size_t n = 0;
	struct stat file;

	for (unsigned i = 0; i < m->table.count; i++)
		n += m->table.slots[i]->socket_count;
	unsigned long *inodes = calloc(n + 1, sizeof(*inodes));
	*count = 0;
	for (unsigned i = 0; inodes && i < m->table.count; i++)
		for (size_t k = 0; k < m->table.slots[i]->socket_count; k++)
			if (fstat(m->table.slots[i]->sockets[k].fd, &file) == 0)
				inodes[(*count)++] = file.st_ino;
	return inodes;
}

/* A worker that has just bound has not handed over yet. */
static pid_t *our_pids(const struct master *m, size_t *count)
{
	size_t n = 0;

	for (const struct generation *g = m->generations; g; g = g->older)
		for (const struct member *w = g->members; w; w = w->next)
			n++;
	pid_t *pids = calloc(n + 1, sizeof(*pids));
	*count = 0;
	for (const struct generation *g = m->generations; pids && g; g = g->older)
		for (const struct member *w = g->members; w; w = w->next)
			pids[(*count)++] = w->child.pid;
	return pids;
}

static bool is_among(const struct stranger *s, const struct stranger *all, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].inode == s->inode)
			return true;
	return false;
}

static void look_at(const struct config_service *service, const struct addr *a, struct crowd *c,
	const struct strangers_known *known)
{
	struct stranger found[MASTER_STRANGERS];
	int type = service->protocol == CONFIG_UDP ? SOCK_DGRAM : SOCK_STREAM;
	size_t n = strangers_find(a, type, known, found, MASTER_STRANGERS);

	for (size_t i = 0; i < n && i < MASTER_STRANGERS && c->count < MASTER_STRANGERS; i++) {
		if (!is_among(&found[i], c->found, c->count))
			c->found[c->count++] = found[i];
	}
}

/* A socket of ours that closes between two looks into the kernel is nobody's for a moment:
 * only who is there twice is believed. */
static void keep_seen_twice(struct master *m, struct crowd *c)
{
	struct stranger now[MASTER_STRANGERS];
	size_t count = c->count, kept = 0;

	memcpy(now, c->found, sizeof(now));
	for (size_t i = 0; i < count; i++)
		if (is_among(&now[i], m->suspects, m->suspect_count))
			c->found[kept++] = now[i];
	c->count = kept;
	memcpy(m->suspects, now, sizeof(now));
	m->suspect_count = count;
}

static void tell_new(struct master *m, const struct crowd *c)
{
	char who[STRANGER_TEXT], where[ADDR_TEXT];

	for (size_t i = 0; i < c->count; i++) {
		if (is_among(&c->found[i], m->strangers, m->stranger_count))
			continue;
		m->strangers_seen++;
		stranger_tell(&c->found[i], who, sizeof(who));
		chronicle_say(m, LOG_WARN, CHRONICLE_STRANGER, NO_SLOT,
			"%s: a stranger takes part: %s; portico who %u shows it",
			addr_format(&c->found[i].addr, where), who, addr_port(&c->found[i].addr));
	}
	for (size_t i = 0; i < m->stranger_count; i++)
		if (!is_among(&m->strangers[i], c->found, c->count))
			chronicle_say(m, LOG_INFO, CHRONICLE_STRANGER, NO_SLOT,
				"%s: the stranger is gone", addr_format(&m->strangers[i].addr, where));
}

static void look(struct master *m)
{
	const struct config *config = m->serving->config;
	struct crowd c = {0};
	size_t inodes, pids;
	unsigned long *sockets = our_inodes(m, &inodes);
	pid_t *workers = our_pids(m, &pids);
	const struct strangers_known known = { true, sockets, inodes, workers, pids };

	for (size_t i = 0; i < config->service_count; i++) {
		const struct config_service *s = &config->services[i];
		for (size_t k = 0; sockets && k < s->listen_count && !s->share; k++)
			look_at(s, &s->listens[k], &c, &known);
	}
	free(sockets);
	free(workers);
	keep_seen_twice(m, &c);
	tell_new(m, &c);
	memcpy(m->strangers, c.found, sizeof(c.found));
	m->stranger_count = c.count;
}

static void on_look(struct ev_loop *loop, ev_timer *t, int events)
{
	struct master *m = t->data;

	(void)loop;
	(void)events;
	if (m->serving && !m->serving->adopted && !m->stopping)
		look(m);
}

void watch_start(struct master *m)
{
	if (ev_is_active(&m->watch))
		return;
	ev_timer_init(&m->watch, on_look, 0., EVERY);
	m->watch.data = m;
	ev_timer_start(m->loop, &m->watch);
}

void watch_stop(struct master *m)
{
	ev_timer_stop(m->loop, &m->watch);
}
