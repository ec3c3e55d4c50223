/* SPDX-License-Identifier: MIT */
/*
 * table_file.c - a table's file: how it is laid out, made, and opened in another program.
 */
#include "sys/table_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "sys/shm.h"

enum {
	SHARD_MOST = 1024 * 1024,
	SHARDS_LEAST = 2,
	HEAD = 64,                       /* bytes before the first shard */
};

/* The layout's name and version: another binary may have another one. */
#define MAGIC UINT64_C(0x337462616f747270)

static void lay_out(struct table_head *h, size_t size)
{
	const size_t each = TABLE_CELL + sizeof(uint32_t);

	h->size = size;
	h->shards = SHARDS_LEAST;
	while ((size - HEAD) / h->shards > SHARD_MOST)
		h->shards *= 2;
	h->shard_size = (uint32_t)((size - HEAD) / h->shards / TABLE_CELL * TABLE_CELL);
	/* 1/8 byte a cell of marks, and their ends, take less than a cell in 256 and two. */
	size_t room = h->shard_size - sizeof(struct shard) - 2 * TABLE_CELL;
	h->cells = (uint32_t)((room - room / 256) / each);
}

static int map(struct table *t, size_t size)
{
	t->head = shm_map(t->fd, size);
	if (!t->head)
		return -1;
	t->is.size = size;
	t->shards = (unsigned char *)t->head + HEAD;
	return 0;
}

static int fill_in(struct table *t, size_t size)
{
	if (getrandom(t->is.secret, sizeof(t->is.secret), 0) < 0)
		return -1;
	lay_out(&t->is, size);
	for (uint32_t i = 0; i < t->is.shards; i++)
		if (shard_init(shard_at(t, i)) < 0)
			return -1;
	t->is.magic = MAGIC;
	*t->head = t->is;
	return 0;
}

static struct table *allocate(const char *name, int fd)
{
	struct table *t = calloc(1, sizeof(*t));
	if (!t) {
		close(fd);
		return NULL;
	}
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->fd = fd;
	return t;
}

static struct table *fail(struct table *t, int error)
{
	table_destroy(t);
	errno = error;
	return NULL;
}

struct table *table_create(const char *name, size_t size)
{
	int fd = shm_create("portico-table", size);
	struct table *t = fd < 0 ? NULL : allocate(name, fd);

	if (!t)
		return NULL;
	if (map(t, size) < 0 || fill_in(t, size) < 0)
		return fail(t, errno);
	return t;
}

static bool is_ours(const struct table_head *h, size_t size)
{
	struct table_head want = { 0 };

	lay_out(&want, size);
	return h->magic == MAGIC && h->size == size && h->shards == want.shards
		&& h->shard_size == want.shard_size && h->cells == want.cells;
}

struct table *table_open(const char *name, int fd)
{
	struct table *t = allocate(name, fd);

	if (!t)
		return NULL;
	ssize_t size = shm_size(fd, TABLE_LEAST);
	if (size < 0 || map(t, (size_t)size) < 0)
		return fail(t, errno);
	const struct table_head head = *t->head;         /* which may be another one at the next look */
	if (!is_ours(&head, (size_t)size))
		return fail(t, EINVAL);
	t->is = head;
	return t;
}

void table_destroy(struct table *t)
{
	if (!t)
		return;
	if (t->head)
		munmap(t->head, t->is.size);
	close(t->fd);
	free(t);
}

int table_fd(const struct table *t)
{
	return t->fd;
}

size_t table_size(const struct table *t)
{
	return t->is.size;
}
