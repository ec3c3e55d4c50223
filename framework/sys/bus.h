/* SPDX-License-Identifier: MIT */
/*
 * bus.h - messages from each worker to all, in memory that they share.
 *
 *	file   head | ring of bytes: ... oldest ... said, free, oldest ...
 *
 * One ring for all: who speaks writes a message once, under a robust lock, and then moves said; who
 * listens has a place in it of its own and takes no lock.  So all hear the same in the same
 * order, nobody waits for one that is slow, and it is all the same how many there are, of which
 * generation.  Room is made by moving oldest past messages before they are written over: a
 * listener whose place was passed has missed them, and the numbers of messages say how many.
 *
 * Whoever dies in the middle of a message has not said it: what is behind said is nothing yet.
 *
 * The bell is an eventfd(2) that all have and nobody reads: each listener has it, edge-triggered, in
 * an epoll set of its own, which is readable once after each ring.
 */
#ifndef PORTICO_SYS_BUS_H
#define PORTICO_SYS_BUS_H

#include <stddef.h>
#include <stdint.h>

enum {
	BUS_LEAST = 256 * 1024,          /* bytes of a whole one */
	BUS_CHANNEL = 63,                /* bytes of a channel's name at most */
	BUS_DATA = 64 * 1024,            /* of a message */
};

struct bus;

struct bus_place {
	uint64_t at;
	uint64_t number;                 /* of the next message */
};

struct bus_message {
	char   channel[BUS_CHANNEL + 1];
	size_t len;
	unsigned char data[BUS_DATA + 1]; /* with a NUL behind it */
};

/* Shared over fork(2), and over exec(2) by its descriptors.  NULL and errno. */
struct bus *bus_create(size_t size);

/* What was made in another program; both become its own.  NULL and errno, EINVAL if it is none of
 * ours: then they are closed. */
struct bus *bus_open(int fd, int bell);
void        bus_destroy(struct bus *b);  /* in this process; NULL is fine */
uint64_t    bus_identity(const struct bus *b);   /* the same in all processes, and no other one's */
int         bus_fd(const struct bus *b);
int         bus_bell(const struct bus *b);
size_t      bus_size(const struct bus *b);

/* -1 with EINVAL (no channel), EMSGSIZE or EBUSY (somebody was stopped in the midst of it). */
int bus_say(struct bus *b, const char *channel, const void *data, size_t len);

/* What is said from now on. */
void bus_join(const struct bus *b, struct bus_place *p);

/* A descriptor that is readable after anything was said; bus_ear_clear() before listening.  -1 and errno. */
int  bus_ear(const struct bus *b);
void bus_ear_clear(int ear);

/* The next message: 1, or 0 if there is none.  What was missed is added to *missed. */
int bus_hear(const struct bus *b, struct bus_place *p, struct bus_message *m, uint64_t *missed);

#endif
