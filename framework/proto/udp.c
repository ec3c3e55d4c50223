/* SPDX-License-Identifier: MIT */
/*
 * udp.c - datagrams between sockets and a plugin's udp_packet().
 */
#include "proto/udp.h"

#include <errno.h>
#include <string.h>

#include "net/dgram.h"
#include "proto/handler.h"
#include "proto/rate.h"
#include "sys/addr.h"

struct portico_dgram {           /* lives on the stack of one udp_packet() */
	struct dgram_socket *socket;
	unsigned             index;
};

static void on_packet(struct dgram_socket *d, unsigned index, const void *data, size_t len)
{
	struct portico_service *h = d->owner;
	struct portico_dgram dgram = { .socket = d, .index = index };

	if (!h->plugin.udp_packet)
		return;
	handler_enter(h, PULSE_UDP_PACKET);
	int result = h->plugin.udp_packet(&dgram, data, len);
	handler_leave(h);
	h->counts->errors[ERROR_HANDLER] += result < 0;
}

static void on_rated_packet(struct dgram_socket *d, unsigned index, const void *data, size_t len)
{
	const struct portico_service *h = d->owner;
	const struct addr *from = dgram_from(d, index);

	if (rate_allows(h->rate, rate_client(h->rate, from), from, tick_ns(&d->hub->tick), NULL))
		on_packet(d, index, data, len);
}

int udp_start(struct dgram_socket *d, struct hub *hub, struct portico_service *handler, int fd)
{
	d->packet = handler->rate ? on_rated_packet : on_packet;
	d->owner = handler;
	d->counts = handler->counts;
	return dgram_start(d, hub, fd);
}

struct portico_service *portico_dgram_service(struct portico_dgram *dgram)
{
	return dgram->socket->owner;
}

void portico_dgram_peer(const struct portico_dgram *dgram, struct portico_peer *peer)
{
	const struct addr *from = dgram_from(dgram->socket, dgram->index);

	memset(peer, 0, sizeof(*peer));
	peer->len = addr_len(from);
	memcpy(&peer->addr, from, peer->len);
}

int portico_dgram_reply(struct portico_dgram *dgram, const void *data, size_t len)
{
	return dgram_reply(dgram->socket, dgram->index, data, len);
}

int portico_send(struct portico_service *h, const struct portico_peer *peer,
	const void *data, size_t len)
{
	struct addr to = {0};

	if (peer->len > sizeof(to)) {
		errno = EAFNOSUPPORT;
		return -1;
	}
	memcpy(&to, &peer->addr, peer->len);
	for (unsigned i = 0; i < h->socket_count; i++)
		if (h->socket_addrs[i].sa.sa_family == to.sa.sa_family)
			return dgram_send(&h->sockets[i], &to, data, len);
	errno = EAFNOSUPPORT;
	return -1;
}
