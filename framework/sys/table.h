/* SPDX-License-Identifier: MIT */
/*
 * table.h - keys and values in memory that all workers of a service share.
 *
 *	file    head | shard | shard | ...
 *	shard   lock, counts | buckets | marks | cells
 *	bucket  -> cell (an entry's first) -> next entry's first ...
 *	cell    -> more of the same entry ...
 *
 * Each key is at home in one shard, and each shard has a lock that all processes share.  A process
 * that is killed while it holds one leaves a shard that is whole, wherever it was: a new entry is
 * written into cells that nobody can reach, and one store of 32 bits, in a bucket or in
 * the entry before, makes it take the place of the old one; a number is changed by one store
 * of 64 bits.  What can be lost is only which cells are free, and that follows from which
 * can be reached: the next one who takes the lock is told of the death (the lock is robust) and
 * finds them anew.  So there is no log and nothing to undo.
 *
 * Nobody calls out with a lock held, nor waits for one for long: a sibling that was stopped in the
 * middle costs 100 ms and EBUSY.  What holds a lock longest is a look at all of
 * a shard, for expired entries when it is full, or after a death: below a millisecond.
 */
#ifndef PORTICO_SYS_TABLE_H
#define PORTICO_SYS_TABLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	TABLE_KEY = 256,                 /* bytes, and at least one */
	TABLE_VALUE = 64 * 1024,
	TABLE_LEAST = 256 * 1024,        /* bytes of a whole table */
};

struct table;

struct table_key {
	const void *bytes;
	size_t      len;
};

struct table_value {
	const void *bytes;
	size_t      len;
	double      ttl;                 /* seconds until it expires; 0: never */
};

/* Shared over fork(2), and over exec(2) by its descriptor.  size is of all of it in bytes,
 * at least TABLE_LEAST; name is for the log.  NULL and errno. */
struct table *table_create(const char *name, size_t size);

/* What was made in another program; fd becomes its own.  NULL and errno, EINVAL if it is none of
 * ours: then fd is closed. */
struct table *table_open(const char *name, int fd);
void        table_destroy(struct table *t);      /* in this process; NULL is fine */
int         table_fd(const struct table *t);
size_t      table_size(const struct table *t);

struct table_fill {
	size_t entries;                  /* with what has expired and nobody has looked for */
	size_t used, room;               /* bytes for entries */
	uint64_t refused;                /* values since it began, with ENOSPC */
};

/* As it is now, without a lock: who writes meanwhile, or died of it, may make it a little wrong. */
struct table_fill table_fill(const struct table *t);

/* All give -1 with EINVAL (no key, or a ttl that is none), EMSGSIZE (key or value are too
 * long) or EBUSY (somebody is stopped with the lock); and: */

/* Its length, of which room bytes at most are copied; ENOENT. */
ssize_t table_get(struct table *t, struct table_key key, void *value, size_t room);

/* Whatever was there; ENOSPC. */
int table_put(struct table *t, struct table_key key, struct table_value value);

/* Only if old is there now, of which ttl does not count; NULL: nothing.  ENOENT (nothing was),
 * EEXIST (something else was) or ENOSPC. */
int table_swap(struct table *t, struct table_key key, const struct table_value *old,
	struct table_value value);

/* The number there, which is an int64_t in the machine's order, becomes by more, and *now (NULL is
 * fine) is told; where nothing is, it begins at by and expires after ttl.  EDOM (that is no
 * number), ERANGE or ENOSPC. */
int table_add(struct table *t, struct table_key key, int64_t by, double ttl, int64_t *now);

int table_delete(struct table *t, struct table_key key);        /* ENOENT */

#endif
