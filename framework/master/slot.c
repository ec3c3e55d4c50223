/* SPDX-License-Identifier: MIT */
/*
 * slot.c - a place for a worker, and the sockets in escrow that belong to it.
 */
#include "master/slot.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master/master.h"
#include "sys/sock.h"

/* ---- the table ---- */

int slots_grow(struct slot_table *t, struct master *m, unsigned count)
{
	if (count <= t->count)
		return 0;
	struct slot **slots = realloc(t->slots, count * sizeof(*slots));
	if (!slots)
		return -1;
	t->slots = slots;
	while (t->count < count) {
		struct slot *s = calloc(1, sizeof(*s));
		if (!s)
			return -1;
		s->master = m;
		s->index = t->count;
		t->slots[t->count++] = s;
	}
	return 0;
}

static void slot_destroy(struct slot *s)
{
	if (ev_is_active(&s->again))
		ev_timer_stop(s->master->loop, &s->again);
	for (size_t i = 0; i < s->socket_count; i++)
		close(s->sockets[i].fd);
	free(s);
}

void slots_shrink(struct slot_table *t, unsigned count)
{
	while (t->count > count)
		slot_destroy(t->slots[--t->count]);
}

void slots_fini(struct slot_table *t)
{
	slots_shrink(t, 0);
	free(t->slots);
	t->slots = NULL;
}

/* ---- the addresses of a configuration, one after another ---- */

struct place {
	const struct config_service *service;
	const struct addr           *addr;
	int                          type;
};

static bool find_place(const struct config *c, size_t number, struct place *out)
{
	for (size_t i = 0; i < c->service_count; i++) {
		const struct config_service *s = &c->services[i];
		if (number < s->listen_count) {
			out->service = s;
			out->addr = &s->listens[number];
			out->type = s->protocol == CONFIG_UDP ? SOCK_DGRAM : SOCK_STREAM;
			return true;
		}
		number -= s->listen_count;
	}
	return false;
}

size_t slot_need(const struct config *c)
{
	size_t need = 0;
	for (size_t i = 0; i < c->service_count; i++)
		need += c->services[i].listen_count;
	return need;
}

const struct config_service *slot_service(const struct config *c, size_t number)
{
	struct place p;

	return find_place(c, number, &p) ? p.service : NULL;
}

bool slot_address(const struct config *c, size_t number, struct addr *a, int *type)
{
	struct place p;

	if (!find_place(c, number, &p))
		return false;
	*a = *p.addr;
	*type = p.type;
	return true;
}

struct escrow *slot_find(const struct slot *s, const struct addr *a, int type)
{
	for (size_t i = 0; i < s->socket_count; i++)
		if (s->sockets[i].type == type && addr_equal(&s->sockets[i].addr, a))
			return (struct escrow *)(uintptr_t)&s->sockets[i];
	return NULL;
}

static struct escrow *find_escrow(const struct slot *s, const struct place *p)
{
	return slot_find(s, p->addr, p->type);
}

void slot_sockets(const struct slot *s, const struct config *c, int *out)
{
	struct place p;

	for (size_t number = 0; find_place(c, number, &p); number++) {
		const struct escrow *e = find_escrow(s, &p);
		out[number] = e ? e->fd : -1;
	}
}

int slot_take(struct slot *s, const struct config *c, size_t number, int fd)
{
	struct place p;

	if (!find_place(c, number, &p) || find_escrow(s, &p)
		|| s->socket_count == sizeof(s->sockets) / sizeof(*s->sockets)) {
		close(fd);
		return -1;
	}
	s->sockets[s->socket_count++] = (struct escrow){
		.addr = *p.addr,
		.type = p.type,
		.fd = fd,
	};
	return 0;
}

static int listen_one(struct slot *s, const struct place *p)
{
	struct escrow *e = find_escrow(s, p);

	if (!e) {
		errno = ENOTSOCK;
		return -1;
	}
	if (e->type != SOCK_STREAM)
		return 0;
	sock_defer(e->fd, config_defers(p->service));
	if (sock_listen(e->fd, (int)p->service->backlog) < 0)
		return -1;
	e->listening = true;
	return 0;
}

int slots_listen(struct slot_table *t, const struct config *c, unsigned first, unsigned end,
	const struct config_service **failed)
{
	struct place p;

	for (size_t number = 0; find_place(c, number, &p); number++)
		for (unsigned i = first; i < end; i++)
			if (listen_one(t->slots[i], &p) < 0) {
				*failed = p.service;
				return -1;
			}
	return 0;
}

int slot_number(const struct escrow *e, const struct config *c)
{
	struct place p;

	for (size_t number = 0; find_place(c, number, &p); number++)
		if (e->type == p.type && addr_equal(&e->addr, p.addr))
			return (int)number;
	return -1;
}

void slot_close(struct slot *s, size_t i)
{
	close(s->sockets[i].fd);
	s->sockets[i] = s->sockets[--s->socket_count];
}

bool slot_overlaps(const struct slot *s, const struct addr *a, int type)
{
	for (size_t i = 0; i < s->socket_count; i++) {
		const struct escrow *e = &s->sockets[i];
		if (e->type == type && e->addr.sa.sa_family == a->sa.sa_family
			&& addr_port(&e->addr) == addr_port(a)
			&& (addr_is_wildcard(a) || addr_is_wildcard(&e->addr)))
			return true;
	}
	return false;
}

void slots_close(struct slot_table *t)
{
	for (unsigned i = 0; i < t->count; i++)
		while (t->slots[i]->socket_count > 0)
			slot_close(t->slots[i], 0);
}

static void keep_only(struct slot *s, const struct config *c)
{
	for (size_t i = s->socket_count; i-- > 0;)
		if (slot_number(&s->sockets[i], c) < 0)
			slot_close(s, i);
}

void slots_keep_only(struct slot_table *t, const struct config *c)
{
	for (unsigned i = 0; i < t->count; i++)
		keep_only(t->slots[i], c);
}
