/* SPDX-License-Identifier: MIT */
/*
 * bus.c - messages from each worker to all, in memory that they share.
 */
#include "sys/bus.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/robust.h"
#include "sys/shm.h"

/* The layout's name and version: another binary may have another one. */
#define MAGIC UINT64_C(0x32737562726f7470)

struct bus_head {
	uint64_t         magic;
	_Atomic uint64_t number;         /* of the last message */
	struct robust    lock;
	_Atomic uint64_t oldest, said;   /* both only grow: a byte's place is its number in the ring */
};

struct record {
	uint64_t number;
	uint32_t len;
	uint32_t channel_len;            /* then the channel, the data, and up to 7 bytes of nothing */
};

struct bus {
	struct bus_head *head;
	unsigned char   *ring;
	size_t           size;           /* of the file */
	size_t           room;           /* of the ring */
	int              fd, bell;       /* a worker has the memory alone */
	uint64_t         identity;       /* the file's */
};

/* ---- making ---- */

static int map(struct bus *b, size_t size)
{
	struct stat file;

	if (fstat(b->fd, &file) < 0)
		return -1;
	b->head = shm_map(b->fd, size);
	if (!b->head)
		return -1;
	b->size = size;
	b->ring = (unsigned char *)b->head + sizeof(struct bus_head);
	b->room = size - sizeof(struct bus_head);
	b->identity = (uint64_t)file.st_ino;
	return 0;
}

static struct bus *fail(struct bus *b, int error)
{
	bus_destroy(b);
	errno = error;
	return NULL;
}

static struct bus *allocate(int fd, int bell)
{
	struct bus *b = calloc(1, sizeof(*b));

	if (b) {
		b->fd = fd;
		b->bell = bell;
		return b;
	}
	close(fd);
	close(bell);
	return NULL;
}

struct bus *bus_create(size_t size)
{
	struct bus *b = allocate(shm_create("portico-bus", size), eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

	if (!b)
		return NULL;
	if (b->fd < 0 || b->bell < 0 || map(b, size) < 0 || robust_init(&b->head->lock) < 0)
		return fail(b, errno);
	b->head->magic = MAGIC;
	return b;
}

struct bus *bus_open(int fd, int bell)
{
	struct bus *b = allocate(fd, bell);

	if (!b)
		return NULL;
	ssize_t size = shm_size(fd, BUS_LEAST);
	if (size < 0 || map(b, (size_t)size) < 0)
		return fail(b, errno);
	return b->head->magic == MAGIC ? b : fail(b, EINVAL);
}

void bus_destroy(struct bus *b)
{
	if (!b)
		return;
	if (b->head)
		munmap(b->head, b->size);
	if (b->fd >= 0)
		close(b->fd);
	if (b->bell >= 0)
		close(b->bell);
	free(b);
}

uint64_t bus_identity(const struct bus *b)
{
	return b->identity;
}

int bus_fd(const struct bus *b)
{
	return b->fd;
}

int bus_bell(const struct bus *b)
{
	return b->bell;
}

size_t bus_size(const struct bus *b)
{
	return b->size;
}

/* ---- the ring ---- */

static void put(struct bus *b, uint64_t at, const void *bytes, size_t len)
{
	size_t from = at % b->room, first = len < b->room - from ? len : b->room - from;

	if (first > 0)
		memcpy(b->ring + from, bytes, first);
	if (len > first)
		memcpy(b->ring, (const char *)bytes + first, len - first);
}

static void get(const struct bus *b, uint64_t at, void *bytes, size_t len)
{
	size_t from = at % b->room, first = len < b->room - from ? len : b->room - from;

	memcpy(bytes, b->ring + from, first);
	memcpy((char *)bytes + first, b->ring, len - first);
}

static uint64_t size_of(const struct record *r)
{
	return (sizeof(*r) + (uint64_t)r->channel_len + r->len + 7) / 8 * 8;
}

/* A worker that writes where it likes may make messages be lost, not its siblings die. */
static bool is_sound(const struct record *r)
{
	return r->len <= BUS_DATA && r->channel_len > 0 && r->channel_len <= BUS_CHANNEL;
}

static bool was_passed(const struct bus *b, uint64_t at)
{
	atomic_thread_fence(memory_order_acquire);
	return at < atomic_load_explicit(&b->head->oldest, memory_order_relaxed);
}

/* ---- speaking ---- */

static void make_room(struct bus *b, uint64_t said, uint64_t need)
{
	uint64_t oldest = atomic_load_explicit(&b->head->oldest, memory_order_relaxed);
	struct record r;

	while (said + need - oldest > b->room) {
		get(b, oldest, &r, sizeof(r));
		oldest = is_sound(&r) && said - oldest <= b->room ? oldest + size_of(&r) : said;
	}
	atomic_store_explicit(&b->head->oldest, oldest, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);   /* before any of it is written over */
}

static void write_message(struct bus *b, const char *channel, const void *data, const struct record *r)
{
	uint64_t said = atomic_load_explicit(&b->head->said, memory_order_relaxed);

	make_room(b, said, size_of(r));
	put(b, said, r, sizeof(*r));
	put(b, said + sizeof(*r), channel, r->channel_len);
	put(b, said + sizeof(*r) + r->channel_len, data, r->len);
	atomic_store_explicit(&b->head->number, r->number, memory_order_relaxed);
	atomic_store_explicit(&b->head->said, said + size_of(r), memory_order_release);
}

int bus_say(struct bus *b, const char *channel, const void *data, size_t len)
{
	size_t channel_len = strlen(channel);
	const uint64_t one = 1;

	if (channel_len == 0 || channel_len > BUS_CHANNEL || len > BUS_DATA) {
		errno = channel_len == 0 ? EINVAL : EMSGSIZE;
		return -1;
	}
	if (robust_lock(&b->head->lock) < 0)
		return -1;
	write_message(b, channel, data, &(struct record){
		.number = b->head->number + 1,
		.len = (uint32_t)len,
		.channel_len = (uint32_t)channel_len,
	});
	robust_unlock(&b->head->lock);
	return write(b->bell, &one, sizeof(one)) == sizeof(one) ? 0 : -1;
}

/* ---- listening ---- */

void bus_join(const struct bus *b, struct bus_place *p)
{
	p->at = atomic_load_explicit(&b->head->said, memory_order_acquire);
	p->number = atomic_load_explicit(&b->head->number, memory_order_relaxed) + 1;
}

int bus_ear(const struct bus *b)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int ear = epoll_create1(EPOLL_CLOEXEC);

	if (ear < 0 || epoll_ctl(ear, EPOLL_CTL_ADD, b->bell, &event) == 0)
		return ear;
	close(ear);
	return -1;
}

void bus_ear_clear(int ear)
{
	struct epoll_event event;

	(void)epoll_wait(ear, &event, 1, 0);
}

/* False: it was written over meanwhile, or is none. */
static bool read_message(const struct bus *b, uint64_t at, struct record *r, struct bus_message *m)
{
	get(b, at, r, sizeof(*r));
	if (was_passed(b, at) || !is_sound(r))
		return false;
	get(b, at + sizeof(*r), m->channel, r->channel_len);
	get(b, at + sizeof(*r) + r->channel_len, m->data, r->len);
	if (was_passed(b, at))
		return false;
	m->channel[r->channel_len] = '\0';
	m->data[r->len] = '\0';
	m->len = r->len;
	return true;
}

int bus_hear(const struct bus *b, struct bus_place *p, struct bus_message *m, uint64_t *missed)
{
	struct record r;

	for (;;) {
		uint64_t said = atomic_load_explicit(&b->head->said, memory_order_acquire);
		uint64_t oldest = atomic_load_explicit(&b->head->oldest, memory_order_acquire);
		/* Beyond said: what a worker that writes where it likes had made of oldest. */
		if (p->at < oldest || p->at > said)
			p->at = oldest;
		if (p->at >= said)
			return 0;
		if (read_message(b, p->at, &r, m))
			break;
		if (!was_passed(b, p->at))
			p->at = said;    /* it is none */
	}
	if (r.number > p->number)
		*missed += r.number - p->number;
	p->number = r.number + 1;
	p->at += size_of(&r);
	return 1;
}
