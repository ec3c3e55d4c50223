/* SPDX-License-Identifier: MIT */
/*
 * dgram_batch.h - the rows of messages that dgram.c and dgram_out.c share.  Nobody else includes this.
 *
 * A message in is one datagram, or a piece: datagrams of one sender and one size (the last may be
 * shorter), which the kernel hands over side by side (UDP_GRO).  So is a message out (UDP_SEGMENT).
 */
#ifndef PORTICO_NET_DGRAM_BATCH_H
#define PORTICO_NET_DGRAM_BATCH_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "net/dgram.h"

enum {
	DGRAM_SLOT = 65536,
	DGRAM_STRIDE = DGRAM_SLOT + 192, /* from slot to slot: their first lines share no set of a cache */
	DGRAM_CONTROL = 96,      /* the larger packet-info, the size of segments, and some */
};

struct row {
	struct mmsghdr messages[DGRAM_BATCH];
	struct iovec   parts[DGRAM_BATCH];
	struct addr    names[DGRAM_BATCH];
	_Alignas(struct cmsghdr) char controls[DGRAM_BATCH][DGRAM_CONTROL];
};

/* What a message out is made of. */
struct joined {
	size_t   size;           /* of each datagram but the last */
	unsigned count;
	bool     full;           /* the last one is shorter: none can follow */
};

struct dgram_batch {
	struct row     in;
	struct cmsghdr *info[DGRAM_BATCH]; /* of each in: its packet-info, or NULL */
	struct row     out;
	struct joined  joined[DGRAM_BATCH]; /* of each out */
	unsigned       out_count;
	unsigned       ask;              /* messages that the next read wants */
	char          *memory;
};

/* Sends the row.  What the kernel will not take is dropped and counted: a
 * datagram has no claim to wait, and a full queue must not stop the reading. */
void dgram_flush(struct dgram_socket *d);

#endif
