/* SPDX-License-Identifier: MIT */
/*
 * service_sockets.c - where a service's clients come from: its own sockets, and those of other
 * slots that it serves for a while.
 */
#include "service/service_parts.h"

#include <stdlib.h>
#include <sys/socket.h>

/* ---- serving ---- */

void service_enter(void *owner, int fd, const struct addr *client)
{
	struct service *s = owner;

	if (s->config->protocol == CONFIG_HTTP)
		http_accept(&s->http, fd, client);
	else
		conn_accept(&s->tcp, fd, client);
}

typedef void accepted_fn(struct listener *l, int fd, const struct addr *peer);

static void accepted_client(struct listener *l, int fd, const struct addr *peer)
{
	service_enter(l->owner, fd, peer);
}

static void accepted_proxy(struct listener *l, int fd, const struct addr *peer)
{
	struct service *s = l->owner;
	proxy_gate_accept(&s->gate, fd, peer);
}

static accepted_fn *accepted_by(const struct service *s)
{
	return s->config->proxy_protocol ? accepted_proxy : accepted_client;
}

/* It was given to another slot, and is this one's now. */
static void accepted_on_loan(struct listener *l, int fd, const struct addr *peer)
{
	const struct loan *loan = (const struct loan *)l;
	struct service *s = l->owner;

	if (s->seat)
		shortest_took(s->seat, &s->table->slots[loan->from]);
	accepted_by(s)(l, fd, peer);
}

static void serve_listener(struct service *s, struct listener *l, int fd)
{
	l->owner = s;
	l->counts = s->counts;
	l->resters = &s->home->page->resting;
	if (!l->accepted)
		l->accepted = accepted_by(s);
	listener_start(l, s->hub->loop, fd);
}

/* A piece goes to one slot, and by payload each of its datagrams may have another. */
static int serve_datagrams(struct service *s, struct dgram_socket *d, int fd)
{
	d->apart = s->config->balance == CONFIG_PAYLOAD;
	return udp_start(d, s->hub, s->handlers, fd);
}

int service_serve(struct service *s, const int *sockets)
{
	for (size_t i = 0; i < s->config->listen_count; i++) {
		if (s->listeners)
			serve_listener(s, &s->listeners[i], sockets[i]);
		else if (serve_datagrams(s, &s->datagrams[i], sockets[i]) < 0)
			return -1;
	}
	return 0;
}

/* ---- stopping ---- */

/* The listener, or if it is NULL the datagram socket. */
static void stop_one(struct listener *l, struct dgram_socket *d, enum service_end how)
{
	if (l) {
		if (how == SERVICE_EMPTY)
			listener_empty(l);
		listener_stop(l);
		return;
	}
	if (how == SERVICE_EMPTY)
		dgram_empty(d);
	dgram_stop(d);
}

void service_stop(struct service *s, size_t i, enum service_end how)
{
	if (s->listeners)
		stop_one(&s->listeners[i], NULL, how);
	else
		stop_one(NULL, &s->datagrams[i], how);
}

/* ---- for other slots ---- */

struct loan *service_borrow(struct service *s, unsigned from, int fd)
{
	struct loan *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->from = from;
	l->listener.accepted = accepted_on_loan;
	if (s->listeners) {
		serve_listener(s, &l->listener, fd);
	} else if (serve_datagrams(s, &l->datagrams, fd) < 0) {
		free(l);
		return NULL;
	}
	return l;
}

void service_give_back(struct service *s, struct loan *l, enum service_end how)
{
	stop_one(s->listeners ? &l->listener : NULL, &l->datagrams, how);
	free(l);
}

void service_keep(struct service *s, size_t listen)
{
	s->kept[listen] = true;
}

void service_drop(struct service *s, size_t listen)
{
	s->kept[listen] = false;
	service_stop(s, listen, SERVICE_EMPTY);
}

bool service_keeps_one(const struct service *s, size_t listen)
{
	return s->kept[listen];
}

bool service_keeps(const struct service *s)
{
	for (size_t i = 0; i < s->config->listen_count; i++)
		if (s->kept[i])
			return true;
	return false;
}

const char *service_name(const struct service *s)
{
	return s->config->name;
}
