/* SPDX-License-Identifier: MIT */
/*
 * dgram_out.c - datagrams out: replies are collected, and leave together.
 *
 * Replies to one sender that follow each other and have one size are one
 * message, which the kernel takes apart as late as it can (UDP_SEGMENT).  Where
 * the path cannot do that they go apart.
 */
#include <errno.h>
#include <netinet/udp.h>
#include <string.h>

#include "net/dgram_batch.h"
#include "sys/counts.h"

enum {
	DGRAM_JOINED = 64,       /* UDP_MAX_SEGMENTS of the older kernels */
	DGRAM_ORDINARY = 1472,   /* most paths take segments of that size, an Ethernet's */
};

/* ---- the row leaves ---- */

static void count_sent(struct dgram_socket *d, unsigned from, unsigned count)
{
	const struct dgram_batch *b = d->hub->datagrams;

	for (unsigned i = from; i < from + count; i++) {
		d->counts->datagrams_out += b->joined[i].count;
		d->counts->bytes_out += b->out.messages[i].msg_len;
	}
}

static void send_one(struct dgram_socket *d, const struct msghdr *m, size_t len)
{
	ssize_t n;

	do
		n = sendmsg(d->io.fd, m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		d->counts->errors[ERROR_UNSENT]++;
		return;
	}
	d->counts->datagrams_out++;
	d->counts->bytes_out += len;
}

static void send_apart(struct dgram_socket *d, unsigned index)
{
	const struct dgram_batch *b = d->hub->datagrams;
	const struct joined *j = &b->joined[index];
	struct msghdr m = b->out.messages[index].msg_hdr;
	struct iovec part = b->out.parts[index];
	size_t left = part.iov_len;

	m.msg_iov = &part;
	m.msg_controllen -= CMSG_SPACE(sizeof(uint16_t));
	for (; left > 0; left -= part.iov_len) {
		part.iov_len = left < j->size ? left : j->size;
		send_one(d, &m, part.iov_len);
		part.iov_base = (char *)part.iov_base + part.iov_len;
	}
}

/* EMSGSIZE and, of older kernels, EINVAL: a segment has to fit the path, a lone datagram may go
 * in fragments.  EIO: what is on the path has no checksums for it. */
static bool is_for_being_joined(int error)
{
	return error == EMSGSIZE || error == EINVAL || error == EIO;
}

/* Large ones are not tried again; for the others one client, whose path is odd or whose address is
 * invented, must not make all go apart. */
static void give_up(struct dgram_socket *d, unsigned index)
{
	const struct joined *j = &d->hub->datagrams->joined[index];

	if (j->count == 1 || !is_for_being_joined(errno)) {
		d->counts->errors[ERROR_UNSENT] += j->count;
		return;
	}
	if (j->size > DGRAM_ORDINARY)
		d->longest_joined = j->size - 1;
	send_apart(d, index);
}

void dgram_flush(struct dgram_socket *d)
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
			give_up(d, sent++);
		}
	}
	b->out_count = 0;
}

/* ---- replies ---- */

/* What fits into one datagram behind the UDP header and, for IPv4, the IP one. */
static size_t longest(const struct addr *to)
{
	return to->sa.sa_family == AF_INET ? 65535 - 20 - 8 : 65535 - 8;
}

static bool is_for(const struct dgram_batch *b, unsigned to, unsigned index)
{
	const struct msghdr *m = &b->out.messages[to].msg_hdr;
	const struct cmsghdr *info = b->info[index];

	return addr_equal(&b->out.names[to], &b->in.names[index])
		&& (!info || memcmp(m->msg_control, info, info->cmsg_len) == 0);
}

/* The last message out that this one can be joined to, or DGRAM_BATCH. */
static unsigned find_company(const struct dgram_socket *d, unsigned index, size_t len)
{
	const struct dgram_batch *b = d->hub->datagrams;
	unsigned to = b->out_count - 1;

	if (b->out_count == 0 || len == 0)
		return DGRAM_BATCH;
	const struct joined *j = &b->joined[to];
	bool fits = len <= j->size && j->size <= d->longest_joined && !j->full
		&& j->count < DGRAM_JOINED
		&& b->out.parts[to].iov_len + len <= longest(&b->in.names[index]);
	return fits && is_for(b, to, index) ? to : DGRAM_BATCH;
}

static void tell_size(struct msghdr *m, size_t size)
{
	struct cmsghdr *c = (struct cmsghdr *)((char *)m->msg_control + m->msg_controllen);
	uint16_t segment = (uint16_t)size;

	c->cmsg_level = SOL_UDP;
	c->cmsg_type = UDP_SEGMENT;
	c->cmsg_len = CMSG_LEN(sizeof(segment));
	memcpy(CMSG_DATA(c), &segment, sizeof(segment));
	m->msg_controllen += CMSG_SPACE(sizeof(segment));
}

static void join(struct dgram_batch *b, unsigned to, const void *data, size_t len)
{
	struct joined *j = &b->joined[to];
	struct iovec *part = &b->out.parts[to];

	memcpy((char *)part->iov_base + part->iov_len, data, len);
	part->iov_len += len;
	if (j->count++ == 1)
		tell_size(&b->out.messages[to].msg_hdr, j->size);
	j->full = len < j->size;
}

static void add(struct dgram_batch *b, unsigned index, const void *data, size_t len)
{
	unsigned to = b->out_count++;
	const struct cmsghdr *info = b->info[index];
	struct msghdr *answer = &b->out.messages[to].msg_hdr;

	memcpy(b->out.parts[to].iov_base, data, len);
	b->out.parts[to].iov_len = len;
	b->joined[to] = (struct joined){ .size = len, .count = 1 };
	b->out.names[to] = b->in.names[index];
	answer->msg_namelen = b->in.messages[index].msg_hdr.msg_namelen;
	answer->msg_controllen = info ? CMSG_ALIGN(info->cmsg_len) : 0;
	if (info)
		memcpy(b->out.controls[to], info, info->cmsg_len);
}

int dgram_reply(struct dgram_socket *d, unsigned index, const void *data, size_t len)
{
	struct dgram_batch *b = d->hub->datagrams;

	if (len > longest(&b->in.names[index])) {
		errno = EMSGSIZE;
		return -1;
	}
	unsigned to = find_company(d, index, len);
	if (to < DGRAM_BATCH) {
		join(b, to, data, len);
		return 0;
	}
	if (b->out_count == DGRAM_BATCH)
		dgram_flush(d);
	add(b, index, data, len);
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
