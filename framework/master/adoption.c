/* SPDX-License-Identifier: MIT */
/*
 * adoption.c - sockets that systemd has opened become the slots' own (systemd.socket(5)).
 *
 * A group of n sockets is n times the same ListenStream= line, with ReusePort=yes: number i of an
 * address goes to slot i.  If they are fewer than the workers the other slots bind their own, which
 * the kernel allows to the same user alone.  More than the workers, or one of an address that
 * no service has, would get clients whom nobody serves: that is refused.
 *
 * systemd keeps them, so what is in their queues outlives a stop, and a crash of the master.  For
 * the same reason none can be taken out of its group: as many workers have to stay.
 */
#include "master/adoption.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "master/master.h"
#include "sys/given.h"
#include "sys/sock.h"

/* The number of g's address in c; -1: no service has it. */
static int find_number(const struct config *c, const struct given *g)
{
	struct addr a;
	int type;

	for (size_t number = 0; slot_address(c, number, &a, &type); number++)
		if (type == g->type && addr_equal(&a, &g->addr))
			return (int)number;
	return -1;
}

static int refuse(const struct given *g, const char *why)
{
	char text[ADDR_TEXT];

	log_error("systemd gave %s (%s): %s",
		g->addr.sa.sa_family ? addr_format(&g->addr, text) : "a descriptor", g->name, why);
	return EX_CONFIG;
}

static int take(struct master *m, const struct config *c, const struct given *g)
{
	int number = find_number(c, g);
	char why[256];

	if (g->addr.sa.sa_family == 0)
		return refuse(g, "not a socket of IPv4 or IPv6; take its Listen line away");
	if (number < 0)
		return refuse(g, "no service listens there; name it in a listen =, or take its line away");
	if (g->both)
		return refuse(g, "it takes IPv4, too, which is another group here; "
			"write BindIPv6Only=ipv6-only, and a line for IPv4");
	for (unsigned i = 0; i < c->workers; i++) {
		struct slot *s = m->table.slots[i];
		if (slot_find(s, &g->addr, g->type))
			continue;
		if (sock_adopt(g->fd, &g->addr, g->type) == 0
			&& slot_take(s, c, (size_t)number, g->fd) == 0) {
			slot_find(s, &g->addr, g->type)->given = true;
			return EX_OK;
		}
		return refuse(g, strerror(errno));
	}
	snprintf(why, sizeof(why), "more than the %u worker%s, and nobody would serve its clients; "
		"take lines away, or say workers = in portico.ini", c->workers, c->workers == 1 ? "" : "s");
	return refuse(g, why);
}

static unsigned count_given(const struct master *m, const struct given *g)
{
	unsigned count = 0;

	for (unsigned i = 0; i < m->table.count; i++)
		count += slot_find(m->table.slots[i], &g->addr, g->type) != NULL;
	return count;
}

/* Whether the slots without a socket can have their own. */
static int check_rest(const struct master *m, const struct config *c, const struct given *g)
{
	unsigned count = count_given(m, g);
	char why[256];

	if (count >= c->workers)
		return EX_OK;
	if (!g->shared)
		snprintf(why, sizeof(why), "it cannot be shared, and there are %u workers; write "
			"ReusePort=yes and its line %u times, or workers = 1", c->workers, c->workers);
	else if (g->owner != geteuid())
		snprintf(why, sizeof(why), "%u of %u workers have one, and only uid %u may add to them; "
			"write its line %u times", count, c->workers, (unsigned)g->owner, c->workers);
	else
		return EX_OK;
	return refuse(g, why);
}

static int take_all(struct master *m, const struct config *c, size_t count)
{
	struct given g;
	int code = EX_OK;

	for (size_t i = 0; i < count && code == EX_OK; i++) {
		given_look(i, &g);
		code = take(m, c, &g);
	}
	for (size_t i = 0; i < count && code == EX_OK; i++) {
		given_look(i, &g);
		code = check_rest(m, c, &g);
	}
	return code;
}

int adoption(struct master *m, const struct config *c)
{
	size_t count = given_count();

	if (count == 0)
		return EX_OK;
	if (slots_grow(&m->table, m, c->workers) < 0) {
		log_error("no memory for slots");
		return EX_OSERR;
	}
	int code = take_all(m, c, count);
	given_forget();
	if (code == EX_OK)
		log_info("systemd gave %zu socket%s", count, count == 1 ? "" : "s");
	return code;
}

static unsigned least(const struct master *m)
{
	unsigned needed = 0;

	for (unsigned i = 0; i < m->table.count; i++)
		for (size_t k = 0; k < m->table.slots[i]->socket_count; k++)
			if (m->table.slots[i]->sockets[k].given)
				needed = i + 1;
	return needed;
}

bool adoption_allows(const struct master *m, unsigned workers, char *why, size_t size)
{
	unsigned needed = least(m);

	if (workers >= needed)
		return true;
	snprintf(why, size, "systemd holds %u sockets of an address, and each needs a worker; for fewer "
		"take lines of the socket unit away and restart it", needed);
	return false;
}
