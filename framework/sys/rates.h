/* SPDX-License-Identifier: MIT */
/*
 * rates.h - the buckets of a service, its own and those of its clients, in memory that all its workers
 * share.
 *
 *	file    head | the service's | row | row | ...
 *	row     8 names | 8 buckets
 *
 * A client's name is a keyed hash of its network, and says in which row its bucket is.  Nothing
 * is ever taken out: a bucket that is full again is as good as one that was never used.  A new client
 * takes the place in its row whose bucket is the fullest, and the bucket as it is (the space-saving
 * algorithm of Metwally, Agrawal and El Abbadi, 2005):
 *
 *   - mostly it is full, and nobody loses anything;
 *   - in a row where none is full, who comes new has what somebody else left.  So nobody gets more than
 *     his rate by coming from more addresses than there are places, and a client may get less
 *     only while all 8 in its row were used lately.
 *
 * There is no lock.  A name is one word that is changed before its bucket is; who is killed between the two
 * has taken a place and used nothing.
 */
#ifndef PORTICO_SYS_RATES_H
#define PORTICO_SYS_RATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/bucket.h"

enum { RATES_ROW = 8 };

struct rates;

/* Shared over fork(2), and over exec(2) by its descriptor.  For so many clients, at least one: there
 * are twice the places or more, of 16 bytes, which take memory once they are used.  NULL and errno. */
struct rates *rates_create(size_t clients);

/* What was made in another program; fd becomes its own.  NULL and errno, EINVAL if it is none of
 * ours: then fd is closed. */
struct rates *rates_open(int fd);
void          rates_destroy(struct rates *r);    /* in this process; NULL is fine */
int           rates_fd(const struct rates *r);
size_t        rates_clients(const struct rates *r);

bucket_word  *rates_service(const struct rates *r);

/* Of a network: an IPv6 address in two halves, without the bits that do not count.  Never 0. */
struct rates_network {
	uint64_t high, low;
};

uint64_t      rates_name(struct rates *r, struct rates_network network);

/* The bucket of the client with that name, which has a place from now on; until it is used. */
bucket_word  *rates_client(const struct rates *r, uint64_t name);

/* Among those of other machines: nobody else has the same. */
uint64_t      rates_machine(const struct rates *r);

/* What other machines let through is heard by every worker and counts once.  Whether pid, who hears it
 * at now, is the one to count it: the same one, until he has heard nothing for a second or leaves. */
bool          rates_may_hear(const struct rates *r, uint32_t pid, uint64_t now);
void          rates_leave(const struct rates *r, uint32_t pid);

/* As seldom_may(), of all who share it: whether what happens at now may be logged, and how often it
 * was not since it was last. */
bool          rates_may_tell(const struct rates *r, uint64_t now, uint64_t *missed);

#endif
