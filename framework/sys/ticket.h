/* SPDX-License-Identifier: MIT */
/*
 * ticket.h - the keys of TLS session tickets, in memory that all workers share.
 *
 * Whatever worker a client comes back to, also after a reload or an upgrade, can
 * open the ticket that another one gave it.  The master makes the keys and renews
 * them; the one before the newest still opens, so that a ticket lives for at
 * least one period.  Only the master writes; no lock: a key is whole before its
 * number is told, and its place is used again only TICKET_PLACES periods later.
 */
#ifndef PORTICO_SYS_TICKET_H
#define PORTICO_SYS_TICKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	TICKET_NAME = 16,
	TICKET_SECRET = 32,
	TICKET_PLACES = 4,
};

#define TICKET_PERIOD 43200.     /* seconds: a new key twice a day */

struct ticket_key {
	unsigned char name[TICKET_NAME];     /* stands in the ticket, in clear */
	unsigned char cipher[TICKET_SECRET];
	unsigned char mac[TICKET_SECRET];
};

struct ticket_keys {
	_Atomic uint64_t  newest;        /* number of the key that closes; 0: there is none */
	_Atomic uint64_t  made;          /* when, by clock_ns() */
	struct ticket_key places[TICKET_PLACES]; /* key n is in place n % TICKET_PLACES */
};

/* Shared over fork(2), and over exec(2) by *fd, which is the caller's own.  Holds one
 * key.  NULL and errno. */
struct ticket_keys *ticket_create(int *fd);
struct ticket_keys *ticket_open(int fd);         /* what was made in another program */
void ticket_destroy(struct ticket_keys *k);      /* unmaps it in this process; NULL is fine */

/* For a worker: what runs in it cannot change the keys of the others by mistake. */
void ticket_protect(struct ticket_keys *k);

int ticket_renew(struct ticket_keys *k);         /* a new newest one; -1 and errno */
double ticket_due(const struct ticket_keys *k);  /* seconds until that should be done, or 0 */

const struct ticket_key *ticket_newest(const struct ticket_keys *k);

/* The key with that name, if it still opens; *old: it is not the newest.  NULL. */
const struct ticket_key *ticket_find(const struct ticket_keys *k,
	const unsigned char name[TICKET_NAME], bool *old);

#endif
