/* SPDX-License-Identifier: MIT */
/*
 * ticket.c - the keys of TLS session tickets, in memory that all workers share.
 */
#include "sys/ticket.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/shm.h"

struct ticket_keys *ticket_open(int fd)
{
	struct stat file;

	if (fstat(fd, &file) < 0)
		return NULL;
	if (file.st_size < (off_t)sizeof(struct ticket_keys)) {
		errno = EINVAL;
		return NULL;
	}
	struct ticket_keys *k = shm_map(fd, sizeof(*k));
	if (k)
		(void)madvise(k, sizeof(*k), MADV_DONTDUMP);
	return k;
}

struct ticket_keys *ticket_create(int *fd)
{
	*fd = shm_create("portico-tickets", sizeof(struct ticket_keys));
	if (*fd < 0)
		return NULL;
	struct ticket_keys *k = ticket_open(*fd);
	if (k && ticket_renew(k) == 0)
		return k;
	int error = errno;
	ticket_destroy(k);
	close(*fd);
	*fd = -1;
	errno = error;
	return NULL;
}

void ticket_destroy(struct ticket_keys *k)
{
	if (k)
		munmap(k, sizeof(*k));
}

void ticket_protect(struct ticket_keys *k)
{
	(void)mprotect(k, sizeof(*k), PROT_READ);
}

int ticket_renew(struct ticket_keys *k)
{
	uint64_t number = atomic_load_explicit(&k->newest, memory_order_relaxed) + 1;
	struct ticket_key key;

	/* Up to 256 bytes come whole, and without a signal in between: random(7). */
	if (getrandom(&key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return -1;
	k->places[number % TICKET_PLACES] = key;
	explicit_bzero(&key, sizeof(key));
	atomic_store_explicit(&k->made, clock_ns(), memory_order_relaxed);
	atomic_store_explicit(&k->newest, number, memory_order_release);
	return 0;
}

double ticket_due(const struct ticket_keys *k)
{
	uint64_t made = atomic_load_explicit(&k->made, memory_order_relaxed);
	double age = (double)(clock_ns() - made) / CLOCK_SECOND;

	return age < TICKET_PERIOD ? TICKET_PERIOD - age : 0.;
}

const struct ticket_key *ticket_newest(const struct ticket_keys *k)
{
	uint64_t number = atomic_load_explicit(&k->newest, memory_order_acquire);

	return &k->places[number % TICKET_PLACES];
}

const struct ticket_key *ticket_find(const struct ticket_keys *k,
	const unsigned char name[TICKET_NAME], bool *old)
{
	uint64_t number = atomic_load_explicit(&k->newest, memory_order_acquire);

	for (uint64_t back = 0; back < 2 && back < number; back++) {
		const struct ticket_key *key = &k->places[(number - back) % TICKET_PLACES];
		*old = back > 0;
		if (memcmp(key->name, name, TICKET_NAME) == 0)
			return key;
	}
	return NULL;
}
