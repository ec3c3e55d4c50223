/* SPDX-License-Identifier: MIT */
/*
 * table_shard.c - a shard's lock, its cells, and how many of them are in use.
 *
 * A number of a cell that was read is checked before it is used: a worker that writes where it
 * likes may make the table lose entries, not make its siblings die.
 */
#include "sys/table_parts.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

int shard_init(struct shard *s)
{
	s->fresh = 1;
	return robust_init(&s->lock);
}

/* ---- cells ---- */

/* False: it is no cell in use, or was met before. */
static bool mark(const struct table *t, struct shard *s, uint32_t cell)
{
	uint64_t *word = &shard_marks(t, s)[cell / 64], bit = UINT64_C(1) << cell % 64;

	if (cell == 0 || cell >= s->fresh || *word & bit)
		return false;
	*word |= bit;
	s->used++;
	return true;
}

static bool mark_entry(const struct table *t, struct shard *s, uint32_t cell)
{
	if (!mark(t, s, cell))
		return false;
	for (uint32_t more = cell_at(t, s, cell)->more; more; more = cell_at(t, s, more)->more)
		if (!mark(t, s, more))
			return false;
	return true;
}

static void note_expiry(struct shard *s, uint64_t expires)
{
	if (expires && (!s->soonest || expires < s->soonest))
		s->soonest = expires;
}

/* Takes what has expired out of the bucket, and what cannot be true; marks the rest. */
static void look_at_bucket(const struct table *t, struct shard *s, uint32_t *link, uint64_t now)
{
	while (*link) {
		uint32_t cell = *link;
		if (cell < s->fresh && cell_expired(cell_at(t, s, cell), now)) {
			shard_publish(link, cell_at(t, s, cell)->next);
			cell_at(t, s, cell)->next = 0;   /* who meets it again has met the end */
			continue;
		}
		if (!mark_entry(t, s, cell)) {
			shard_publish(link, 0);
			return;
		}
		s->entries++;
		note_expiry(s, cell_at(t, s, cell)->expires);
		link = &cell_at(t, s, cell)->next;
	}
}

/* What no bucket leads to is free. */
static void find_free(const struct table *t, struct shard *s)
{
	s->free = 0;
	for (uint32_t i = s->fresh - 1; i > 0; i--) {
		if (shard_marks(t, s)[i / 64] & UINT64_C(1) << i % 64)
			continue;
		cell_at(t, s, i)->more = s->free;
		s->free = i;
	}
}

/* Looks at everything: afterwards nothing that had expired is left, and all else is free or in use. */
static void sweep(const struct table *t, struct shard *s, uint64_t now)
{
	if (s->fresh == 0 || s->fresh > t->is.cells)
		s->fresh = t->is.cells;
	memset(shard_marks(t, s), 0, (t->is.cells / 64 + 1) * sizeof(uint64_t));
	s->soonest = 0;
	s->entries = s->used = 0;
	for (uint32_t i = 0; i < t->is.cells; i++)
		look_at_bucket(t, s, &s->buckets[i], now);
	find_free(t, s);
}

static uint32_t take_one(const struct table *t, struct shard *s)
{
	uint32_t cell = s->free, fresh = s->fresh;

	if (cell && cell < t->is.cells) {
		s->free = cell_at(t, s, cell)->more;
	} else {
		cell = fresh < t->is.cells ? fresh : 0;
		s->fresh = fresh + (fresh < t->is.cells);
	}
	s->used += cell != 0;
	return cell;
}

static uint32_t take_chain(const struct table *t, struct shard *s, uint32_t count)
{
	uint32_t chain = 0;

	for (; count > 0; count--) {
		uint32_t cell = take_one(t, s);
		if (!cell) {
			shard_give(t, s, chain);
			return 0;
		}
		cell_at(t, s, cell)->more = chain;
		chain = cell;
	}
	return chain;
}

uint32_t shard_take(const struct table *t, struct shard *s, uint32_t count, uint64_t now)
{
	uint32_t chain = take_chain(t, s, count);

	if (chain || !s->soonest || s->soonest > now)
		return chain;
	sweep(t, s, now);
	return take_chain(t, s, count);
}

/* No chain is longer than all cells, whatever it looks like. */
void shard_give(const struct table *t, struct shard *s, uint32_t cell)
{
	for (uint32_t left = t->is.cells; cell && cell < t->is.cells && left > 0; left--) {
		struct cell *c = cell_at(t, s, cell);
		uint32_t more = c->more;
		c->more = s->free;
		s->free = cell;
		s->used--;
		cell = more;
	}
}

/* ---- how full ---- */

/* A worker may have written what it likes. */
static uint32_t number_in(const uint32_t *shared, uint32_t most)
{
	uint32_t n = __atomic_load_n(shared, __ATOMIC_RELAXED);
	return n < most ? n : most;
}

struct table_fill table_fill(const struct table *t)
{
	const uint32_t most = t->is.cells - 1;
	struct table_fill fill = { .room = (size_t)t->is.shards * most * TABLE_CELL };

	for (uint32_t i = 0; i < t->is.shards; i++) {
		fill.entries += number_in(&shard_at(t, i)->entries, most);
		fill.used += (size_t)number_in(&shard_at(t, i)->used, most) * TABLE_CELL;
		fill.refused += __atomic_load_n(&shard_at(t, i)->refused, __ATOMIC_RELAXED);
	}
	return fill;
}

/* ---- the lock ---- */

/* Who dies while it repairs leaves as much to repair as there was. */
int shard_lock(struct table *t, struct shard *s)
{
	int got = robust_lock(&s->lock);

	if (got <= 0)
		return got;
	sweep(t, s, clock_ns());
	t->repaired = true;
	return 0;
}

void shard_unlock(struct table *t, struct shard *s)
{
	int error = errno;

	robust_unlock(&s->lock);
	if (t->repaired) {
		t->repaired = false;
		log_warn("table of service %s: a worker died in the middle of a call; it is whole", t->name);
	}
	errno = error;
}
