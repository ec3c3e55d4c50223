/* SPDX-License-Identifier: MIT */
/*
 * dgram.c - datagrams in batches.
 *
 * Two rows of DGRAM_BATCH messages, one in and one out, over one mapping
 * that costs no memory until a datagram touches it.  A reply carries the
 * packet-info of what it answers, so it leaves from the address that the
 * client knows (ip(7) IP_PKTINFO, ipv6(7)).
 */
#include "net/dgram.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "sys/counts.h"

enum {
	DGRAM_SLOT = 65536,
	DGRAM_ROUNDS = 4,        /* batches in one turn of the loop */
	DGRAM_LAST_ROUNDS = 256, /* and in the last: senders may never pause */
	DGRAM_CONTROL = 64,      /* CMSG_SPACE of the larger packet-info, and some */
};

struct row {
	struct mmsghdr messages[DGRAM_BATCH];
	struct iovec   parts[DGRAM_BATCH];
	struct addr    names[DGRAM_BATCH];
	_Alignas(struct cmsghdr) char controls[DGRAM_BATCH][DGRAM_CONTROL];
	char          *data;     /* DGRAM_BATCH slots of DGRAM_SLOT bytes */
};

struct dgram_batch {
	struct row in;
	struct row out;
	unsigned   out_count;
	char      *memory;
};

static const size_t memory_size = (size_t)2 * DGRAM_BATCH * DGRAM_SLOT;

static void row_init(struct row *r, char *data)
{
	r->data = data;
	for (unsigned i = 0; i < DGRAM_BATCH; i++) {
		r->parts[i].iov_base = data + (size_t)i * DGRAM_SLOT;
		r->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &r->names[i],
			.msg_iov = &r->parts[i],
			.msg_iovlen = 1,
			.msg_control = r->controls[i],
		};
	}
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
	return b;
}

void dgram_batch_destroy(struct dgram_batch *b)
{
	if (!b)
		return;
	munmap(b->memory, memory_size);
	free(b);
}

/* ---- out ---- */

static void count_sent(struct dgram_socket *d, unsigned from, unsigned count)
{
	const struct row *out = &d->hub->datagrams->out;

	d->counts->datagrams_out += count;
	for (unsigned i = from; i < from + count; i++)
		d->counts->bytes_out += out->messages[i].msg_len;
}

/* Sends the row.  What the kernel will not take is dropped and counted: a
 * datagram has no claim to wait, and a full queue must not stop the reading. */
static void flush(struct dgram_socket *d)
{
	struct dgram_batch *b = d->hub->datagrams;
	unsigned sent = 0;

	while (sent < b->out_count) {
		int n = sendmmsg(d->io.fd, b->out.messages + sent, b->out_count - sent,
			MSG_NOSIGNAL);
		if (n > 0) {
			count_sent(d, sent, (unsigned)n);
			sent += (unsigned)n;
		} else if (errno != EINTR) {
			/* The error is of the first one only: go on behind it. */
			d->counts->errors[ERROR_UNSENT]++;
			sent++;
		}
	}
	b->out_count = 0;
}

/* What fits into one datagram behind the UDP header and, for IPv4, the IP one. */
static size_t longest(const struct addr *to)
{
	return to->sa.sa_family == AF_INET ? 65535 - 20 - 8 : 65535 - 8;
}

int dgram_reply(struct dgram_socket *d, unsigned index, const void *data, size_t len)
{
	struct dgram_batch *b = d->hub->datagrams;

	if (len > longest(&b->in.names[index])) {
		errno = EMSGSIZE;
		return -1;
	}
	if (b->out_count == DGRAM_BATCH)
		flush(d);
	unsigned to = b->out_count++;
	const struct msghdr *question = &b->in.messages[index].msg_hdr;
	struct msghdr *answer = &b->out.messages[to].msg_hdr;

	memcpy(b->out.parts[to].iov_base, data, len);
	b->out.parts[to].iov_len = len;
	b->out.names[to] = b->in.names[index];
	answer->msg_namelen = question->msg_namelen;
	answer->msg_controllen = question->msg_controllen;
	memcpy(b->out.controls[to], b->in.controls[index], question->msg_controllen);
	return 0;
}

int dgram_send(struct dgram_socket *d, const struct addr *to, const void *data, size_t len)
{
	if (!d->hub) {
		errno = ENOTCONN;
		return -1;
	}
	ssize_t n = sendto(d->io.fd, data, len, MSG_NOSIGNAL, &to->sa, addr_len(to));
	if (n < 0 && errno == EAGAIN)
		errno = ENOBUFS;
	if (n < 0)
		return -1;
	d->counts->datagrams_out++;
	d->counts->bytes_out += (size_t)n;
	return 0;
}

/* ---- in ---- */

/* Each waited at most from the loop's turn on to the end of its batch. */
static void count_received(struct dgram_socket *d, unsigned count)
{
	const struct row *in = &d->hub->datagrams->in;

	d->counts->datagrams_in += count;
	for (unsigned i = 0; i < count; i++)
		d->counts->bytes_in += in->messages[i].msg_len;
	latency_add(&d->counts->latency, hub_turn_us(d->hub), count);
}

static void prepare(struct row *r)
{
	for (unsigned i = 0; i < DGRAM_BATCH; i++) {
		r->parts[i].iov_len = DGRAM_SLOT;
		r->messages[i].msg_hdr.msg_namelen = sizeof(r->names[i]);
		r->messages[i].msg_hdr.msg_controllen = DGRAM_CONTROL;
	}
}

/* For a sender the packet-info says from where: ipi_spec_dst is right as it
 * came, also for a broadcast.  The interface index would pin the route, which
 * for a reply may differ. */
static void free_route(struct msghdr *h)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
		if (c->cmsg_level != IPPROTO_IP || c->cmsg_type != IP_PKTINFO)
			continue;
		struct in_pktinfo info;
		memcpy(&info, CMSG_DATA(c), sizeof(info));
		info.ipi_ifindex = 0;
		memcpy(CMSG_DATA(c), &info, sizeof(info));
	}
}

/* Gives how many came. */
static int read_batch(struct dgram_socket *d)
{
	struct row *r = &d->hub->datagrams->in;

	++*d->hub->steps;
	prepare(r);
	int count = recvmmsg(d->io.fd, r->messages, DGRAM_BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++) {
		free_route(&r->messages[i].msg_hdr);
		d->packet(d, (unsigned)i, r->parts[i].iov_base, r->messages[i].msg_len);
	}
	flush(d);
	if (count > 0)
		count_received(d, (unsigned)count);
	return count;
}

static void on_readable(struct ev_loop *loop, ev_io *w, int events)
{
	struct dgram_socket *d = w->data;

	(void)loop;
	(void)events;
	for (int i = 0; i < DGRAM_ROUNDS; i++)
		if (read_batch(d) < DGRAM_BATCH)
			return;
}

int dgram_start(struct dgram_socket *d, struct hub *hub, int fd)
{
	if (!hub->datagrams)
		hub->datagrams = batch_create();
	if (!hub->datagrams)
		return -1;
	d->hub = hub;
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
	for (int i = 0; i < DGRAM_LAST_ROUNDS && read_batch(d) > 0; i++)
		;
}

const struct addr *dgram_from(const struct dgram_socket *d, unsigned index)
{
	return &d->hub->datagrams->in.names[index];
}
