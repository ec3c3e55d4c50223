/* SPDX-License-Identifier: MIT */
/*
 * table.c - keys and values in memory that all workers of a service share.
 *
 * Entries; table_shard.c has the lock and the cells, table_file.c makes it.
 */
#include "sys/table_parts.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/siphash.h"

/* ---- a key's place, under the lock ---- */

struct place {
	struct table *t;
	struct shard *shard;
	struct table_key key;
	uint32_t      hash;
	uint64_t      now;
	uint32_t     *link;              /* that leads to the entry, or its bucket */
	uint32_t      cell;              /* 0: there is none */
};

/* Bytes of an entry, key first and value behind it, cell by cell. */
struct reader {
	const struct place *p;
	struct cell        *c;
	unsigned char      *at;
	size_t              left;        /* in this cell */
};

static struct reader read_from(const struct place *p, uint32_t cell)
{
	struct cell *c = cell_at(p->t, p->shard, cell);

	return (struct reader){ p, c, c->bytes, TABLE_FIRST };
}

/* The next piece of at most len bytes; NULL where the chain ends too early. */
static unsigned char *next_piece(struct reader *r, size_t len, size_t *got)
{
	if (r->left == 0) {
		uint32_t more = r->c->more;
		if (more == 0 || more >= r->p->t->is.cells)
			return NULL;
		r->c = cell_at(r->p->t, r->p->shard, more);
		r->at = (unsigned char *)r->c + sizeof(r->c->more);
		r->left = TABLE_MORE;
	}
	unsigned char *piece = r->at;
	*got = len < r->left ? len : r->left;
	r->at += *got;
	r->left -= *got;
	return piece;
}

static bool same(struct reader *r, const void *bytes, size_t len)
{
	const unsigned char *from = bytes, *piece;
	size_t got;

	for (; len > 0; from += got, len -= got)
		if (!(piece = next_piece(r, len, &got)) || memcmp(piece, from, got) != 0)
			return false;
	return true;
}

static void copy_in(struct reader *r, const void *bytes, size_t len)
{
	const unsigned char *from = bytes;
	unsigned char *piece;
	size_t got;

	for (; len > 0 && (piece = next_piece(r, len, &got)); from += got, len -= got)
		memcpy(piece, from, got);
}

static bool copy_out(struct reader *r, void *bytes, size_t len)
{
	unsigned char *to = bytes, *piece;
	size_t got;

	for (; len > 0 && (piece = next_piece(r, len, &got)); to += got, len -= got)
		memcpy(to, piece, got);
	return len == 0;
}

static void forget(struct place *p)
{
	struct cell *c = cell_at(p->t, p->shard, p->cell);

	shard_publish(p->link, c->next);
	p->shard->entries--;
	shard_give(p->t, p->shard, p->cell);
	p->cell = 0;
}

static bool is_it(const struct place *p, uint32_t cell)
{
	const struct cell *c = cell_at(p->t, p->shard, cell);

	if (c->hash != p->hash || c->key_len != p->key.len)
		return false;
	struct reader r = read_from(p, cell);
	return same(&r, p->key.bytes, p->key.len);
}

static void find(struct place *p)
{
	uint32_t most = p->t->is.cells, cell;

	p->link = &p->shard->buckets[(uint64_t)p->hash * most >> 32];
	for (uint32_t i = 0; (cell = *p->link) != 0 && cell < most && i < most; i++) {
		if (is_it(p, cell)) {
			p->cell = cell;
			break;
		}
		p->link = &cell_at(p->t, p->shard, cell)->next;
	}
	if (p->cell && cell_expired(cell_at(p->t, p->shard, p->cell), p->now))
		forget(p);
}

static int enter(struct place *p, struct table *t, struct table_key key)
{
	if (key.len == 0 || key.len > TABLE_KEY) {
		errno = key.len == 0 ? EINVAL : EMSGSIZE;
		return -1;
	}
	uint64_t sum = siphash(t->is.secret, key.bytes, key.len);
	*p = (struct place){
		.t = t,
		.shard = shard_at(t, (uint32_t)(sum >> 32) & (t->is.shards - 1)),
		.key = key,
		.hash = (uint32_t)sum,
		.now = clock_ns(),
	};
	if (shard_lock(t, p->shard) < 0)
		return -1;
	find(p);
	return 0;
}

static int leave(struct place *p, int error)
{
	shard_unlock(p->t, p->shard);
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}

/* ---- entries ---- */

static bool is_number(size_t len)
{
	return len == sizeof(int64_t);
}

static uint64_t expiry(const struct place *p, double ttl)
{
	const double most = 1e9;         /* seconds: clock_ns() has room for more */

	return ttl > 0. ? p->now + (uint64_t)((ttl < most ? ttl : most) * (double)CLOCK_SECOND) : 0;
}

static void write_entry(struct place *p, uint32_t cell, struct table_value value)
{
	struct cell *c = cell_at(p->t, p->shard, cell);
	struct reader r = read_from(p, cell);

	c->hash = p->hash;
	c->key_len = (uint16_t)p->key.len;
	c->value_len = (uint32_t)value.len;
	c->expires = expiry(p, value.ttl);
	copy_in(&r, p->key.bytes, p->key.len);
	if (is_number(value.len))
		memcpy(&c->number, value.bytes, value.len);
	else
		copy_in(&r, value.bytes, value.len);
}

/* The new one takes the old one's place, or the end of its bucket, by one store. */
static int replace(struct place *p, struct table_value value)
{
	size_t bytes = p->key.len + (is_number(value.len) ? 0 : value.len);
	uint32_t cell = shard_take(p->t, p->shard, cells_for(bytes), p->now);

	if (!cell) {
		p->shard->refused++;
		return ENOSPC;
	}
	p->cell = 0;
	find(p);                 /* room may have been made of the one before it */
	uint32_t old = p->cell;
	write_entry(p, cell, value);
	struct cell *c = cell_at(p->t, p->shard, cell);
	c->next = old ? cell_at(p->t, p->shard, old)->next : 0;
	if (c->expires && (!p->shard->soonest || c->expires < p->shard->soonest))
		p->shard->soonest = c->expires;
	shard_publish(p->link, cell);
	p->shard->entries += !old;
	shard_give(p->t, p->shard, old);
	return 0;
}

static bool holds(const struct place *p, const struct table_value *value)
{
	const struct cell *c = cell_at(p->t, p->shard, p->cell);

	if (c->value_len != value->len)
		return false;
	if (is_number(value->len))
		return memcmp(&c->number, value->bytes, value->len) == 0;
	struct reader r = read_from(p, p->cell);
	return same(&r, p->key.bytes, p->key.len) && same(&r, value->bytes, value->len);
}

static int check_value(struct table_value value)
{
	errno = value.len > TABLE_VALUE ? EMSGSIZE : !isfinite(value.ttl) || value.ttl < 0. ? EINVAL : 0;
	return errno ? -1 : 0;
}

/* False: an entry cannot be so, and somebody has written over it. */
static bool read_entry(const struct place *p, size_t len, void *value, size_t some)
{
	unsigned char skipped[TABLE_KEY];
	struct reader r = read_from(p, p->cell);

	if (!is_number(len))
		return len <= TABLE_VALUE && copy_out(&r, skipped, p->key.len) && copy_out(&r, value, some);
	if (some > 0)
		memcpy(value, &r.c->number, some);
	return true;
}

/* ---- calls ---- */

ssize_t table_get(struct table *t, struct table_key key, void *value, size_t room)
{
	struct place p;

	if (enter(&p, t, key) < 0)
		return -1;
	size_t len = p.cell ? cell_at(t, p.shard, p.cell)->value_len : 0;
	if (!p.cell || !read_entry(&p, len, value, len < room ? len : room))
		return leave(&p, ENOENT);
	leave(&p, 0);
	return (ssize_t)len;
}

int table_put(struct table *t, struct table_key key, struct table_value value)
{
	struct place p;

	if (check_value(value) < 0 || enter(&p, t, key) < 0)
		return -1;
	return leave(&p, replace(&p, value));
}

int table_swap(struct table *t, struct table_key key, const struct table_value *old,
	struct table_value value)
{
	struct place p;

	if (check_value(value) < 0 || enter(&p, t, key) < 0)
		return -1;
	if (old && !p.cell)
		return leave(&p, ENOENT);
	if (p.cell && (!old || !holds(&p, old)))
		return leave(&p, EEXIST);
	return leave(&p, replace(&p, value));
}

static int add_to(struct cell *c, int64_t by, int64_t *sum)
{
	if (!is_number(c->value_len))
		return EDOM;
	if (__builtin_add_overflow(c->number, by, sum))
		return ERANGE;
	*(volatile int64_t *)&c->number = *sum;
	return 0;
}

int table_add(struct table *t, struct table_key key, int64_t by, double ttl, int64_t *now)
{
	struct table_value first = { &by, sizeof(by), ttl };
	int64_t sum = by;
	struct place p;

	if (check_value(first) < 0 || enter(&p, t, key) < 0)
		return -1;
	int error = p.cell ? add_to(cell_at(t, p.shard, p.cell), by, &sum) : replace(&p, first);
	if (error == 0 && now)
		*now = sum;
	return leave(&p, error);
}

int table_delete(struct table *t, struct table_key key)
{
	struct place p;

	if (enter(&p, t, key) < 0)
		return -1;
	if (!p.cell)
		return leave(&p, ENOENT);
	forget(&p);
	return leave(&p, 0);
}
