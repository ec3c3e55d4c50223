/* SPDX-License-Identifier: MIT */
/*
 * group.c - one address's SO_REUSEPORT group and the program that chooses in it.
 *
 * Every group is reached through its first member.
 */
#include "master/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "master/load.h"
#include "master/master.h"
#include "master/slot.h"

struct group *group_create(const struct escrow *first)
{
	struct group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->addr = first->addr;
	g->type = first->type;
	g->shortest = (struct shortest_group){ .program = -1, .sockets = -1 };
	g->table = -1;
	return g;
}

void group_destroy(struct group *g)
{
	shortest_close(&g->shortest);
	free(g);
}

static void tell_failed(struct group *g)
{
	char text[ADDR_TEXT];

	if (!g->told)
		log_warn("%s: new clients cannot be steered: %m", addr_format(&g->addr, text));
	g->told = true;
}

/* ---- a classic program ---- */

static int run_classic(struct group *g, const struct escrow *first, const struct plan *p)
{
	const struct steer s = {
		.by = p->by,
		.family = g->addr.sa.sa_family,
		.prefix = p->prefix,
		.offset = p->offset,
		.length = p->length,
		.count = p->count,
		.weights = p->weights,
		.closed = p->closed,
	};
	return steer_attach(first->fd, &s);
}

/* ---- join-shortest-queue ---- */

static ino_t inode_of(int fd)
{
	struct stat file;
	return fstat(fd, &file) == 0 ? file.st_ino : 0;
}

static int socket_of(const struct group *g, const struct master *m, unsigned slot)
{
	const struct escrow *e = slot_find(m->table.slots[slot], &g->addr, g->type);
	return e && e->listening ? e->fd : -1;
}

void group_adopt(struct group *g, const struct master *m, const struct shortest_group *made, int table)
{
	g->shortest = *made;
	g->table = table;
	for (unsigned i = 0; i < m->table.active; i++) {
		int fd = socket_of(g, m, i);
		g->seats[i] = fd >= 0 ? inode_of(fd) : 0;
	}
}

/* A socket is in one map only, so what was made for another table has to go first. */
static void end_shortest(struct group *g, int member)
{
	(void)steer_off(member);
	for (unsigned i = 0; i < CONFIG_MAX_WORKERS; i++) {
		if (g->seats[i] != 0)
			(void)shortest_remove(&g->shortest, i);
		g->seats[i] = 0;
	}
	shortest_close(&g->shortest);
	g->table = -1;
	g->known = false;
}

void group_leave_table(struct group *g, int table, int member)
{
	if (g->table == table)
		end_shortest(g, member);
}

static int begin_shortest(struct group *g, const struct master *m, const struct plan *p,
	struct load *load)
{
	int sockets[CONFIG_MAX_WORKERS];
	char why[256] = "";

	for (unsigned i = 0; i < p->count; i++) {
		sockets[i] = socket_of(g, m, i);
		g->seats[i] = sockets[i] >= 0 ? inode_of(sockets[i]) : 0;
	}
	g->table = load_fd(load);
	if (shortest_attach(&g->shortest, g->table, sockets, p->count, why, sizeof(why)) == 0)
		return 0;
	end_shortest(g, sockets[0]);
	load_give_up(load, why);
	return -1;
}

/* Slots that have come since. */
static void seat(struct group *g, const struct master *m, const struct plan *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		int fd = socket_of(g, m, i);
		ino_t inode = fd >= 0 ? inode_of(fd) : 0;
		if (inode == 0 || inode == g->seats[i])
			continue;
		if (shortest_put(&g->shortest, i, fd) < 0)
			tell_failed(g);
		else
			g->seats[i] = inode;
	}
}

static int run_shortest(struct group *g, const struct master *m, const struct escrow *first,
	const struct plan *p, struct load *load)
{
	if (g->shortest.program >= 0 && g->table != load_fd(load))
		end_shortest(g, first->fd);
	if (g->shortest.program < 0)
		return begin_shortest(g, m, p, load);
	seat(g, m, p);
	if (g->known && g->plan.runs == PLAN_SHORTEST)
		return 0;
	if (shortest_attach_again(&g->shortest, first->fd) == 0)
		return 0;
	load_give_up(load, strerror(errno));
	return -1;
}

/* ---- either ---- */

static int run(struct group *g, const struct master *m, const struct escrow *first,
	const struct plan *p, struct load *load)
{
	switch (p->runs) {
	case PLAN_SHORTEST:
		return run_shortest(g, m, first, p, load);
	case PLAN_CLASSIC:
		return run_classic(g, first, p);
	default:
		return steer_off(first->fd);
	}
}

int group_settle(struct group *g, const struct master *m, const struct escrow *first,
	const struct plan *p, struct load *load)
{
	bool other_table = p->runs == PLAN_SHORTEST && g->table != load_fd(load);
	bool same = g->known && !other_table && (plan_equal(&g->plan, p)
		|| (p->runs == PLAN_HASH && g->plan.runs == PLAN_HASH));

	if (same)
		return 0;
	/* A program of the binary before us holds its sockets. */
	if (!g->known)
		(void)steer_off(first->fd);
	if (run(g, m, first, p, load) < 0) {
		if (p->runs != PLAN_SHORTEST)
			tell_failed(g);
		return -1;
	}
	g->plan = *p;
	g->known = true;
	g->told = false;
	return 0;
}
