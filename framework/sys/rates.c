/* SPDX-License-Identifier: MIT */
/*
 * rates.c - the buckets of a service, its own and those of its clients, in memory that all its workers
 * share.
 */
#include "sys/rates.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/seldom.h"
#include "base/siphash.h"
#include "sys/shm.h"

enum { LINE = 64 };

/* The layout's name and version: another binary may have another one. */
#define MAGIC UINT64_C(0x3173657461727470)

struct row {
	_Alignas(LINE) _Atomic uint64_t names[RATES_ROW];        /* 0: nobody had it yet */
	_Alignas(LINE) bucket_word full[RATES_ROW];
};

struct rates_head {
	uint64_t magic;
	uint64_t clients;
	uint64_t secret[2];              /* clients choose their addresses */
};

struct rates_file {
	_Alignas(LINE) struct rates_head head;
	_Alignas(LINE) bucket_word service;
	_Alignas(LINE) _Atomic uint64_t told;    /* when, by clock_ns(); 0: never */
	_Atomic uint64_t missed;                 /* what was not, since then */
	_Atomic uint64_t hears;                  /* of other machines: when, and who; 0: nobody yet */
	struct row rows[];
};

struct rates {
	struct rates_file *file;         /* the memory */
	struct rates_head  is;           /* our own copy: a worker may write what it likes into the other */
	size_t             rows;         /* a power of two */
	int                fd;
	struct rates_network last;       /* whose name was asked last, and it; 0: nobody's */
	uint64_t           last_name;
};

/* ---- making ---- */

static size_t rows_for(size_t clients)
{
	size_t rows = 1;

	while (rows < clients / (RATES_ROW / 2))
		rows *= 2;
	return rows;
}

static size_t size_for(size_t clients)
{
	return sizeof(struct rates_file) + rows_for(clients) * sizeof(struct row);
}

static struct rates *allocate(int fd)
{
	struct rates *r = calloc(1, sizeof(*r));

	if (r)
		r->fd = fd;
	else
		close(fd);
	return r;
}

static struct rates *fail(struct rates *r, int error)
{
	rates_destroy(r);
	errno = error;
	return NULL;
}

static int map(struct rates *r, size_t clients)
{
	r->file = shm_map(r->fd, size_for(clients));
	if (!r->file)
		return -1;
	r->is.clients = clients;
	r->rows = rows_for(clients);
	return 0;
}

static int fill_in(struct rates *r)
{
	if (getrandom(r->is.secret, sizeof(r->is.secret), 0) < 0)
		return -1;
	r->is.magic = MAGIC;
	r->file->head = r->is;
	return 0;
}

struct rates *rates_create(size_t clients)
{
	int fd = shm_create("portico-rates", size_for(clients));
	struct rates *r = fd < 0 ? NULL : allocate(fd);

	if (!r)
		return NULL;
	if (map(r, clients) < 0 || fill_in(r) < 0)
		return fail(r, errno);
	return r;
}

static ssize_t read_head(int fd, struct rates_head *head, struct stat *file)
{
	if (fstat(fd, file) < 0)
		return -1;
	return pread(fd, head, sizeof(*head), 0);
}

struct rates *rates_open(int fd)
{
	struct rates *r = allocate(fd);
	struct rates_head head;
	struct stat file;

	if (!r)
		return NULL;
	ssize_t n = read_head(fd, &head, &file);
	if (n < 0)
		return fail(r, errno);
	if (n < (ssize_t)sizeof(head) || head.magic != MAGIC
		|| head.clients > (uint64_t)file.st_size
		|| size_for(head.clients) != (size_t)file.st_size)
		return fail(r, EINVAL);
	if (map(r, head.clients) < 0)
		return fail(r, errno);
	r->is = head;
	return r;
}

void rates_destroy(struct rates *r)
{
	if (!r)
		return;
	if (r->file)
		munmap(r->file, size_for(r->is.clients));
	close(r->fd);
	free(r);
}

int rates_fd(const struct rates *r)
{
	return r->fd;
}

size_t rates_clients(const struct rates *r)
{
	return r->is.clients;
}

/* ---- buckets ---- */

bucket_word *rates_service(const struct rates *r)
{
	return &r->file->service;
}

/* Datagrams of one sender come together. */
uint64_t rates_name(struct rates *r, struct rates_network network)
{
	if (r->last_name > 0 && r->last.low == network.low && r->last.high == network.high)
		return r->last_name;
	uint64_t name = siphash_pair(r->is.secret, network.high, network.low);

	r->last = network;
	r->last_name = name > 0 ? name : 1;
	return r->last_name;
}

/* The place with that name.  NULL: there is none; then *fullest is the place to take, and *old who has it. */
static bucket_word *look_up(struct row *row, uint64_t name, unsigned *fullest, uint64_t *old)
{
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < RATES_ROW; i++) {
		/* The bucket first: who used it has given it the name before. */
		uint64_t full = atomic_load_explicit(&row->full[i], memory_order_acquire);
		uint64_t has = atomic_load_explicit(&row->names[i], memory_order_relaxed);

		if (has == name)
			return &row->full[i];
		if (full < least) {
			least = full;
			*fullest = i;
			*old = has;
		}
	}
	return NULL;
}

static bucket_word *take_place(struct row *row, uint64_t name)
{
	bucket_word *found;
	unsigned i = 0;
	uint64_t old = 0;

	/* Each turn somebody else has taken a place, so it ends; a sibling may have given it to our own. */
	while (!(found = look_up(row, name, &i, &old)))
		if (atomic_compare_exchange_strong_explicit(&row->names[i], &old, name,
			memory_order_release, memory_order_relaxed))
			return &row->full[i];
	return found;
}

bucket_word *rates_client(const struct rates *r, uint64_t name)
{
	struct row *row = &r->file->rows[name & (r->rows - 1)];

	for (unsigned i = 0; i < RATES_ROW; i++)
		if (atomic_load_explicit(&row->names[i], memory_order_relaxed) == name)
			return &row->full[i];
	return take_place(row, name);
}

/* ---- who hears of other machines ---- */

enum {
	PID_BITS = 24,
	HEARS_MS = 1000,
};

#define MS UINT64_C(1000000)

uint64_t rates_machine(const struct rates *r)
{
	return siphash_pair(r->is.secret, UINT64_MAX, UINT64_MAX);
}

static uint32_t who_hears(uint64_t word)
{
	return (uint32_t)(word & ((1 << PID_BITS) - 1));
}

/* A sibling's now may be a moment behind. */
static bool hears_no_more(uint64_t word, uint64_t ms)
{
	uint64_t last = word >> PID_BITS;

	return word == 0 || (ms > last && ms - last > HEARS_MS);
}

bool rates_may_hear(const struct rates *r, uint32_t pid, uint64_t now)
{
	uint64_t was = atomic_load_explicit(&r->file->hears, memory_order_relaxed), ms = now / MS;

	if (who_hears(was) != pid && !hears_no_more(was, ms))
		return false;
	return atomic_compare_exchange_strong_explicit(&r->file->hears, &was, ms << PID_BITS | pid,
		memory_order_relaxed, memory_order_relaxed);
}

void rates_leave(const struct rates *r, uint32_t pid)
{
	uint64_t was = atomic_load_explicit(&r->file->hears, memory_order_relaxed);

	if (who_hears(was) == pid)
		atomic_compare_exchange_strong_explicit(&r->file->hears, &was, 0,
			memory_order_relaxed, memory_order_relaxed);
}

/* ---- the log ---- */

bool rates_may_tell(const struct rates *r, uint64_t now, uint64_t *missed)
{
	struct rates_file *f = r->file;
	uint64_t told = atomic_load_explicit(&f->told, memory_order_relaxed);

	/* A sibling's now may be a moment behind. */
	if ((told == 0 || (now > told && now - told >= SELDOM_EACH))
		&& atomic_compare_exchange_strong_explicit(&f->told, &told, now,
			memory_order_relaxed, memory_order_relaxed)) {
		*missed = atomic_exchange_explicit(&f->missed, 0, memory_order_relaxed);
		return true;
	}
	atomic_fetch_add_explicit(&f->missed, 1, memory_order_relaxed);
	return false;
}
