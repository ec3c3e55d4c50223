/* SPDX-License-Identifier: MIT */
/*
 * dgram.c - datagrams in batches.
 *
 * Two rows of DGRAM_BATCH messages, one in and one out, over one mapping
 * that costs no memory until a datagram touches it.  A reply carries the
 * packet-info of what it answers, so it leaves from the address that the
 * client knows (ip(7) IP_PKTINFO, ipv6(7)).
 *
 * What a sender sent in a burst may come as one piece (UDP_GRO, udp(7)): it is
 * taken apart here, so that nobody above knows.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/log.h"
#include "net/dgram_batch.h"
#include "sys/counts.h"

enum {
	DGRAM_ROUNDS = 4,        /* batches in one turn of the loop */
	DGRAM_LAST_ROUNDS = 256, /* and in the last: senders may never pause */
	DGRAM_FEWEST = 4,        /* messages asked for where each is a piece of many datagrams */
	DGRAM_MANY = 4,          /* messages that took so long that others may have come meanwhile */
};

static const size_t memory_size = (size_t)2 * DGRAM_BATCH * DGRAM_STRIDE;

/* What the kernel overwrites in a message that it fills. */
static void make_ready(struct row *r, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		r->messages[i].msg_hdr.msg_namelen = sizeof(r->names[i]);
		r->messages[i].msg_hdr.msg_controllen = DGRAM_CONTROL;
	}
}

static void row_init(struct row *r, char *data)
{
	for (unsigned i = 0; i < DGRAM_BATCH; i++) {
		r->parts[i].iov_base = data + (size_t)i * DGRAM_STRIDE;
		r->parts[i].iov_len = DGRAM_SLOT;
		r->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &r->names[i],
			.msg_iov = &r->parts[i],
			.msg_iovlen = 1,
			.msg_control = r->controls[i],
		};
	}
	make_ready(r, DGRAM_BATCH);
}

static struct dgram_batch *batch_create(void)
{
	struct dgram_batch *b = calloc(1, sizeof(*b));
	if (!b)
		return NULL;
	b->memory = mmap(NULL, memory_size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b->memory == MAP_FAILED) {
		free(b);
		return NULL;
	}
	row_init(&b->in, b->memory);
	row_init(&b->out, b->memory + memory_size / 2);
	b->ask = DGRAM_BATCH;
	return b;
}

void dgram_batch_destroy(struct dgram_batch *b)
{
	if (!b)
		return;
	munmap(b->memory, memory_size);
	free(b);
}

/* ---- in ---- */

/* Each waited at most from the loop's turn on to the end of its batch. */
static void count_received(struct dgram_socket *d, unsigned messages, unsigned datagrams)
{
	const struct row *in = &d->hub->datagrams->in;

	d->counts->datagrams_in += datagrams;
	for (unsigned i = 0; i < messages; i++)
		d->counts->bytes_in += in->messages[i].msg_len;
	latency_add(&d->counts->latency, hub_turn_us(d->hub), datagrams);
}

/* For a sender the packet-info says from where: ipi_spec_dst is right as it
 * came, also for a broadcast.  The interface index would pin the route, which
 * for a reply may differ. */
static void free_route(struct cmsghdr *c)
{
	struct in_pktinfo info;

	memcpy(&info, CMSG_DATA(c), sizeof(info));
	info.ipi_ifindex = 0;
	memcpy(CMSG_DATA(c), &info, sizeof(info));
}

static size_t segment_size(const struct cmsghdr *c)
{
	int size;

	memcpy(&size, CMSG_DATA(c), sizeof(size));
	return size > 0 ? (size_t)size : 0;
}

/* Keeps what a reply needs.  Gives the size of the piece's datagrams, 0 for one that came alone. */
static size_t read_control(struct dgram_batch *b, unsigned index)
{
	struct msghdr *h = &b->in.messages[index].msg_hdr;
	size_t size = 0;

	b->info[index] = NULL;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			free_route(c);
			b->info[index] = c;
		} else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			b->info[index] = c;
		} else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			size = segment_size(c);
		}
	}
	return size;
}

/* Gives how many datagrams it was. */
static unsigned take_apart(struct dgram_socket *d, unsigned index)
{
	struct dgram_batch *b = d->hub->datagrams;
	char *data = b->in.parts[index].iov_base;
	size_t left = b->in.messages[index].msg_len, size = read_control(b, index);
	unsigned count = 1;

	for (; size > 0 && left > size; left -= size, data += size, count++)
		d->packet(d, index, data, size);
	d->packet(d, index, data, left);
	return count;
}

/* A batch of pieces is thousands of calls, in which nothing else is done, and megabytes that
 * stay: where many datagrams came in a message fewer are asked for. */
static unsigned messages_for(unsigned messages, unsigned datagrams)
{
	unsigned ask = DGRAM_BATCH * messages * 8 / datagrams;

	if (ask > DGRAM_BATCH)
		return DGRAM_BATCH;
	return ask > DGRAM_FEWEST ? ask : DGRAM_FEWEST;
}

/* Gives how many datagrams came, and whether another look is worth its call. */
static unsigned read_batch(struct dgram_socket *d, bool *more)
{
	struct dgram_batch *b = d->hub->datagrams;
	unsigned datagrams = 0;

	++*d->hub->steps;
	int count = recvmmsg(d->io.fd, b->in.messages, b->ask, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++)
		datagrams += take_apart(d, (unsigned)i);
	dgram_flush(d);
	if (count > 0) {
		count_received(d, (unsigned)count, datagrams);
		b->ask = messages_for((unsigned)count, datagrams);
		make_ready(&b->in, (unsigned)count);
	}
	*more = count >= DGRAM_MANY;
	return datagrams;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct dgram_socket *d = w->data;

	(void)loop;
	(void)events;
	bool more = true;
	for (unsigned all = 0; more && all < DGRAM_ROUNDS * DGRAM_BATCH;)
		all += read_batch(d, &more);
}

/* Datagrams come and go each by itself where the kernel has no pieces (before 4.18 and 5.0). */
static void use_pieces(struct dgram_socket *d, int fd)
{
	int on = !d->apart, none = 0;

	d->longest_joined = 0;
	if (setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on)) < 0
		|| setsockopt(fd, SOL_UDP, UDP_SEGMENT, &none, sizeof(none)) < 0)
		log_debug("udp: no bursts in one piece: %s", strerror(errno));
	else
		d->longest_joined = DGRAM_SLOT;
}

int dgram_start(struct dgram_socket *d, struct hub *hub, int fd)
{
	if (!hub->datagrams)
		hub->datagrams = batch_create();
	if (!hub->datagrams)
		return -1;
	d->hub = hub;
	use_pieces(d, fd);
	ev_io_init(&d->io, on_readable, fd, EV_READ);
	d->io.data = d;
	ev_io_start(hub->loop, &d->io);
	return 0;
}

void dgram_stop(struct dgram_socket *d)
{
	if (!d->hub)
		return;
	ev_io_stop(d->hub->loop, &d->io);
	d->hub = NULL;
}

void dgram_empty(struct dgram_socket *d)
{
	if (!d->hub)
		return;
	bool more = true;
	for (int i = 0; i < DGRAM_LAST_ROUNDS && read_batch(d, &more) > 0; i++)
		;
}

const struct addr *dgram_from(const struct dgram_socket *d, unsigned index)
{
	return &d->hub->datagrams->in.names[index];
}
