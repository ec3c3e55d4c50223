/* SPDX-License-Identifier: MIT */
/*
 * who_port.c - the sockets on a port, who holds them, and their groups.
 */
#include "master/who_port.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the sockets ---- */

static bool is_known(const struct who_port *p, unsigned long inode)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->sockets[i].s.inode == inode)
			return true;
	return false;
}

static bool holds_the_port(const struct diag_socket *s)
{
	return s->type == SOCK_DGRAM || s->state == TCP_LISTEN || s->state == TCP_CLOSE;
}

static void see(void *arg, const struct diag_socket *s)
{
	struct who_port *p = arg;

	if (!holds_the_port(s)) {
		p->time_wait += s->state == TCP_TIME_WAIT;
		p->connections += s->state != TCP_TIME_WAIT;
		return;
	}
	if (is_known(p, s->inode))
		return;
	struct who_socket *more = realloc(p->sockets, (p->count + 1) * sizeof(*more));
	if (!more) {
		p->failed = true;
		return;
	}
	p->sockets = more;
	more[p->count++] = (struct who_socket) { .s = *s, .reuseport = -1, .reuseaddr = -1 };
}

/* ---- who holds them ---- */

static void add_holder(struct who_port *p, struct who_socket *s, const struct holder *h)
{
	struct holder *more = realloc(s->holders, (s->holder_count + 1) * sizeof(*more));

	if (!more) {
		p->failed = true;
		return;
	}
	s->holders = more;
	more[s->holder_count++] = *h;
}

static void note_holder(void *arg, const struct holder *h)
{
	struct who_port *p = arg;

	for (size_t i = 0; i < p->count; i++)
		if (p->sockets[i].s.inode == h->inode)
			add_holder(p, &p->sockets[i], h);
}

static int by_pid(const void *a, const void *b)
{
	pid_t x = ((const struct holder *)a)->pid, y = ((const struct holder *)b)->pid;
	return (x > y) - (x < y);
}

static int find_holders(struct who_port *p)
{
	unsigned long *inodes = calloc(p->count + 1, sizeof(*inodes));

	if (!inodes)
		return -1;
	for (size_t i = 0; i < p->count; i++)
		inodes[i] = p->sockets[i].s.inode;
	p->hidden = holders_find(inodes, p->count, note_holder, p);
	free(inodes);
	for (size_t i = 0; i < p->count; i++)
		if (p->sockets[i].holder_count > 0)
			qsort(p->sockets[i].holders, p->sockets[i].holder_count,
				sizeof(struct holder), by_pid);
	return p->hidden < 0 ? -1 : 0;
}

/* ---- their flags ---- */

/* One holder may be looked into where another may not. */
static int option_of(const struct who_socket *s, int level, int option)
{
	int value = -1;

	for (size_t i = 0; value < 0 && i < s->holder_count; i++)
		value = holder_option(&s->holders[i], level, option);
	return value;
}

static void read_flags(struct who_socket *s)
{
	s->reuseport = option_of(s, SOL_SOCKET, SO_REUSEPORT);
	s->reuseaddr = option_of(s, SOL_SOCKET, SO_REUSEADDR);
	if (s->s.v6only < 0)
		s->s.v6only = option_of(s, IPPROTO_IPV6, IPV6_V6ONLY);
}

static bool are_together(const struct who_socket *a, const struct who_socket *b)
{
	return addr_equal(&a->s.addr, &b->s.addr) && a->s.v6only == b->s.v6only
		&& a->s.device == b->s.device && a->s.uid == b->s.uid;
}

/* Only SO_REUSEPORT lets two sockets listen on one address.  Of UDP
 * nothing follows: SO_REUSEADDR shares as well. */
static void conclude_from_pairs(struct who_port *p)
{
	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; k < p->count; k++)
			if (i != k && p->sockets[i].s.state == TCP_LISTEN
				&& p->sockets[k].s.state == TCP_LISTEN
				&& are_together(&p->sockets[i], &p->sockets[k]))
				p->sockets[i].reuseport = 1;
}

int who_port_look(struct who_port *p, int type, uint16_t port)
{
	*p = (struct who_port) { .type = type, .port = port };
	if (diag_sockets(type, port, DIAG_ALL, see, p) < 0 || find_holders(p) < 0)
		return -1;
	if (p->failed) {
		errno = ENOMEM;
		return -1;
	}
	for (size_t i = 0; i < p->count; i++)
		read_flags(&p->sockets[i]);
	if (type == SOCK_STREAM)
		conclude_from_pairs(p);
	return 0;
}

void who_port_group(struct who_port *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct who_socket *s = &p->sockets[i];

		for (size_t k = 0; k < i && s->reuseport == 1 && s->group == 0; k++)
			if (p->sockets[k].reuseport == 1 && are_together(s, &p->sockets[k]))
				s->group = p->sockets[k].group;
		if (s->reuseport == 1 && s->group == 0)
			s->group = ++p->groups;
	}
}

void who_port_fini(struct who_port *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->sockets[i].holders);
	free(p->sockets);
	free(p->places);
	*p = (struct who_port) {0};
}

/* ---- words ---- */

const char *who_type(const struct who_port *p)
{
	return p->type == SOCK_DGRAM ? "udp" : "tcp";
}

const char *who_state(const struct who_socket *s)
{
	if (s->s.type == SOCK_DGRAM)
		return s->s.state == TCP_ESTABLISHED ? "connected" : "open";
	return s->s.state == TCP_LISTEN ? "listen" : "bound";
}

static const char *scope_of(const struct addr *a, int v6only)
{
	if (a->sa.sa_family != AF_INET6 || !addr_is_wildcard(a) || v6only < 0)
		return "";
	return v6only ? " v6only" : " and IPv4";
}

/* A link-local address has its zone already. */
const char *who_address(const struct addr *a, int v6only, unsigned device, char out[WHO_ADDRESS])
{
	char text[ADDR_TEXT], name[IF_NAMESIZE] = "";

	addr_format(a, text);
	bool tell_device = device != 0 && !strchr(text, '%');
	if (tell_device && !if_indextoname(device, name))
		snprintf(name, sizeof(name), "%u", device);
	snprintf(out, WHO_ADDRESS, "%s%s%s%s", text, scope_of(a, v6only), tell_device ? " on " : "",
		name);
	return out;
}
