/* SPDX-License-Identifier: MIT */
/*
 * table_parts.h - a table's memory: what table_file.c, who makes it, table.c, who keeps entries, and
 * table_shard.c, who keeps cells, share.  Nobody else includes this, but their test.
 */
#ifndef PORTICO_SYS_TABLE_PARTS_H
#define PORTICO_SYS_TABLE_PARTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "sys/robust.h"
#include "sys/table.h"

enum {
	TABLE_CELL = 64,
	TABLE_FIRST = 30,                /* bytes of key and value in an entry's first cell */
	TABLE_MORE = 60,                 /* in each further one */
};

/* An entry's first.  A further one has bytes behind more.  Of 8 bytes the value is number, and
 * only the key is in bytes. */
struct cell {
	uint32_t more;                   /* of the same entry, or the next free one; 0: none */
	uint32_t next;                   /* entry of this bucket; 0: none */
	int64_t  number;
	uint64_t expires;                /* by clock_ns(); 0: never */
	uint32_t hash;
	uint32_t value_len;
	uint16_t key_len;
	unsigned char bytes[TABLE_FIRST];
};

_Static_assert(sizeof(struct cell) == TABLE_CELL, "a cell has no holes");

struct shard {
	_Alignas(TABLE_CELL) struct robust lock;
	uint32_t free;                   /* 0: none */
	uint32_t fresh;                  /* cells from here on were never used */
	uint64_t soonest;                /* no entry expires before; 0: none ever does */
	uint32_t entries;
	uint32_t used;                   /* cells */
	uint64_t refused;                /* values for which there was no room */
	uint32_t buckets[];              /* as many as cells; then marks, then cells */
};

struct table_head {
	uint64_t magic;
	uint64_t size;                   /* of the file */
	uint64_t secret[2];              /* clients may choose keys */
	uint32_t shards;                 /* a power of two */
	uint32_t shard_size;
	uint32_t cells;                  /* in a shard; number 0 is none */
	uint32_t unused;
};

struct table {
	struct table_head *head;         /* the memory */
	struct table_head  is;           /* our own copy: a worker may write what it likes into the other */
	unsigned char     *shards;
	int                fd;
	bool               repaired;     /* by us, and not yet told */
	char               name[64];
};

static inline struct shard *shard_at(const struct table *t, uint32_t i)
{
	return (struct shard *)(t->shards + (size_t)i * t->is.shard_size);
}

static inline uint64_t *shard_marks(const struct table *t, struct shard *s)
{
	return (uint64_t *)((unsigned char *)s + sizeof(*s)
		+ ((size_t)t->is.cells * sizeof(uint32_t) + 7) / 8 * 8);
}

static inline struct cell *cell_at(const struct table *t, struct shard *s, uint32_t i)
{
	return (struct cell *)((unsigned char *)s + t->is.shard_size) - t->is.cells + i;
}

static inline bool cell_expired(const struct cell *c, uint64_t now)
{
	return c->expires != 0 && c->expires <= now;
}

/* The store that makes a change seen.  A process is killed between two instructions, never in the
 * midst of one, and all that it stored before is there: only the compiler could change the order. */
static inline void shard_publish(uint32_t *link, uint32_t cell)
{
	atomic_signal_fence(memory_order_seq_cst);
	*(volatile uint32_t *)link = cell;
	atomic_signal_fence(memory_order_seq_cst);
}

/* How many cells an entry needs whose key and value have so many bytes together. */
static inline uint32_t cells_for(size_t bytes)
{
	return bytes <= TABLE_FIRST ? 1
		: 1 + (uint32_t)((bytes - TABLE_FIRST + TABLE_MORE - 1) / TABLE_MORE);
}

int  shard_init(struct shard *s);          /* zeroed memory */
int  shard_lock(struct table *t, struct shard *s);       /* -1 and EBUSY */
void shard_unlock(struct table *t, struct shard *s);

/* A chain of so many cells that nobody can reach; 0: there is no room, also without what has expired. */
uint32_t shard_take(const struct table *t, struct shard *s, uint32_t count, uint64_t now);
void shard_give(const struct table *t, struct shard *s, uint32_t cell); /* back, and all its more */

#endif
