/* SPDX-License-Identifier: MIT */
/*
 * dgram.h - datagrams in batches: one recvmmsg(2) brings many, one
 * sendmmsg(2) takes their replies.  Bursts of one sender come, and leave,
 * through the kernel in one piece; packet() sees each datagram all the same.
 *
 * The batch of buffers belongs to the hub and serves all its sockets.
 */
#ifndef PORTICO_NET_DGRAM_H
#define PORTICO_NET_DGRAM_H

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>

#include "net/hub.h"
#include "sys/addr.h"

enum { DGRAM_BATCH = 32 };

struct dgram_batch;

struct counts;

struct dgram_socket {
	ev_io       io;
	struct hub *hub;
	struct counts *counts;   /* of its service; refused replies are counted and gone */
	/* One datagram.  data is the callee's until it returns. */
	void      (*packet)(struct dgram_socket *, unsigned index, const void *data, size_t len);
	void       *owner;
	bool        apart;       /* set before the start: bursts are not to come in one piece */
	size_t      longest_joined; /* replies that are longer leave each by itself */
};

/* fd is bound, non-blocking and borrowed until dgram_stop().  -1 and ENOMEM. */
int  dgram_start(struct dgram_socket *d, struct hub *hub, int fd);
void dgram_stop(struct dgram_socket *d);      /* twice is fine */

/* Takes what waits in the queue now; for the end of a service. */
void dgram_empty(struct dgram_socket *d);

/* Who sent the datagram with that index; inside packet() only. */
const struct addr *dgram_from(const struct dgram_socket *d, unsigned index);

/* Answers the datagram with that index from the address that it came to; inside
 * packet() only.  Queued; leaves at the end of the batch at the latest.
 * -1 with EMSGSIZE. */
int dgram_reply(struct dgram_socket *d, unsigned index, const void *data, size_t len);

/* Sends one datagram now: 0, or -1 with errno of send(2), ENOBUFS if the queue
 * is full, ENOTCONN while it is not started. */
int dgram_send(struct dgram_socket *d, const struct addr *to, const void *data, size_t len);

void dgram_batch_destroy(struct dgram_batch *b);      /* for the hub; NULL is fine */

#endif
