/* SPDX-License-Identifier: MIT */
/*
 * cache.c - small files, as they were within the last moment.
 *
 * An answer for each path and for either sort of client, those who take gzip and the others: content, type, tag,
 * date.  It is good for cache_time since before the file was opened; whoever asks later has it opened and read
 * anew, also if it looks the same: stat(2) does not tell of a store through mmap(2) into a page that was written to
 * before, nor, before Linux 6.13, of the second write in one tick of the kernel's clock.  So nothing that is
 * found is older than that, whatever happened to the file: written, replaced, cut, removed, closed to us, hidden
 * behind another link.
 *
 * Bounded in bytes, by dropping what was asked for longest ago.  The paths are the clients' choice
 * (//a and ///a are one file and two paths): so that nobody can make all of them meet in one bucket, a bucket holds
 * a few only, and a lookup never walks far.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files/files.h"

enum {
	IN_A_BUCKET = 8,
	USUAL_ENTRY = 512,       /* bytes: as many buckets as there are such entries in the limit */
};

struct entry {                   /* owned by its bucket */
	struct entry *next;
	struct entry *newer, *older;     /* by when they were asked for */
	uint64_t      hash;
	int64_t       until;     /* nanoseconds of the monotonic clock */
	size_t        cost, path_len;
	struct file   file;      /* body and type point into text */
	char          text[];    /* path, type, body */
};

struct cache {
	size_t         limit, used;
	int64_t        seconds, now;     /* nanoseconds; when the last lookup was */
	struct entry  *newest, *oldest;
	size_t         mask;             /* of buckets: their number is a power of two */
	struct entry **buckets;
};

/* ---- one entry ---- */

static void unlink_used(struct cache *c, struct entry *e)
{
	*(e->newer ? &e->newer->older : &c->newest) = e->older;
	*(e->older ? &e->older->newer : &c->oldest) = e->newer;
}

static void link_newest(struct cache *c, struct entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
}

static void drop(struct cache *c, struct entry *e)
{
	struct entry **at = &c->buckets[e->hash & c->mask];

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	unlink_used(c, e);
	c->used -= e->cost;
	free(e);
}

/* FNV-1a. */
static uint64_t hash_of(const char *path, size_t *len)
{
	uint64_t h = 0xcbf29ce484222325;
	const char *at = path;

	for (; *at; at++)
		h = (h ^ (unsigned char)*at) * 0x100000001b3;
	*len = (size_t)(at - path);
	return h ^ h >> 32;
}

static struct entry *look_up(struct cache *c, const char *path, bool takes_gzip)
{
	size_t len;
	uint64_t hash = hash_of(path, &len) * 2 + takes_gzip;
	struct entry *e = c->buckets[hash & c->mask];

	while (e && (e->hash != hash || e->path_len != len || memcmp(e->text, path, len) != 0))
		e = e->next;
	return e;
}

/* ---- what is found ---- */

/* The coarse clock is read without a look at the hardware, and is late by a tick at most. */
static int64_t clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

const struct file *cache_find(struct cache *c, const char *path, bool takes_gzip)
{
	struct entry *e = look_up(c, path, takes_gzip);

	c->now = clock_now();
	if (!e)
		return NULL;
	if (c->now >= e->until) {
		drop(c, e);
		return NULL;
	}
	if (e != c->newest) {
		unlink_used(c, e);
		link_newest(c, e);
	}
	return &e->file;
}

/* ---- what is kept ---- */

static void make_room(struct cache *c, size_t cost, uint64_t hash)
{
	struct entry *last = NULL;
	unsigned count = 0;

	while (c->used + cost > c->limit)
		drop(c, c->oldest);
	for (struct entry *e = c->buckets[hash & c->mask]; e; e = e->next, count++)
		last = e;
	if (count >= IN_A_BUCKET)
		drop(c, last);
}

/* All of it, and nothing was written to it while it was read. */
static bool read_whole(const struct file *f, char *out)
{
	const struct stat *was = &f->st;
	off_t got = 0;
	struct stat is;
	ssize_t n;

	while (got < was->st_size && (n = pread(f->fd, out + got, (size_t)(was->st_size - got), got)) > 0)
		got += n;
	return got == was->st_size && fstat(f->fd, &is) == 0 && is.st_size == was->st_size
		&& memcmp(&is.st_mtim, &was->st_mtim, sizeof(is.st_mtim)) == 0
		&& memcmp(&is.st_ctim, &was->st_ctim, sizeof(is.st_ctim)) == 0;
}

const struct file *cache_keep(struct cache *c, const char *path, bool takes_gzip, const struct file *f)
{
	size_t path_len, type_size = strlen(f->type) + 1;
	uint64_t hash = hash_of(path, &path_len) * 2 + takes_gzip;
	size_t cost = sizeof(struct entry) + path_len + type_size + (size_t)f->st.st_size;

	struct entry *e = cost <= c->limit ? malloc(cost) : NULL;
	if (!e)
		return NULL;
	char *type = e->text + path_len, *body = type + type_size;
	if (!read_whole(f, body)) {
		free(e);
		return NULL;
	}
	make_room(c, cost, hash);
	e->hash = hash;
	e->until = c->now + c->seconds;
	e->cost = cost;
	e->path_len = path_len;
	memcpy(e->text, path, path_len);
	e->file = *f;
	e->file.fd = -1;
	e->file.type = memcpy(type, f->type, type_size);
	e->file.body = body;
	e->next = c->buckets[hash & c->mask];
	c->buckets[hash & c->mask] = e;
	link_newest(c, e);
	c->used += cost;
	return &e->file;
}

/* ---- birth and death ---- */

struct cache *cache_create(size_t limit, double seconds)
{
	struct cache *c = calloc(1, sizeof(*c));
	size_t count = 1;

	if (!c)
		return NULL;
	while (count < limit / USUAL_ENTRY)
		count *= 2;
	c->buckets = calloc(count, sizeof(*c->buckets));
	if (!c->buckets) {
		free(c);
		return NULL;
	}
	c->mask = count - 1;
	c->limit = limit;
	c->seconds = (int64_t)(seconds * 1e9);
	return c;
}

void cache_destroy(struct cache *c)
{
	if (!c)
		return;
	while (c->newest)
		drop(c, c->newest);
	free(c->buckets);
	free(c);
}
