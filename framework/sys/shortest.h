/* SPDX-License-Identifier: MIT */
/*
 * shortest.h - each new connection to the slot with the shortest queue.
 *
 * An extended BPF program (BPF_PROG_TYPE_SK_REUSEPORT, bpf(2)) is asked at each
 * SYN.  Among the slots that are open it takes the one with the least in its
 * queue, ties by chance; one whose loop is blocked only if all are; one whose
 * socket is gone not for a tenth of a second.  It never drops: with no slot
 * left the kernel's hash decides, over all members, and the table counts it.
 *
 * A table serves all the addresses of a service, a group each.  To create a
 * table or a group needs CAP_BPF, nothing else does: an ordinary user's process that
 * inherited the mapping stores through it, one that inherited the
 * descriptors puts sockets and attaches.  TCP only.
 */
#ifndef PORTICO_SYS_SHORTEST_H
#define PORTICO_SYS_SHORTEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "sys/shortest_table.h"

/* An address's SO_REUSEPORT group; the descriptors are close-on-exec and the owner's,
 * -1 when closed. */
struct shortest_group {
	int program;  /* what was loaded */
	int sockets;  /* slot -> socket, a REUSEPORT_SOCKARRAY */
};

/* Shared over fork(2), and over exec(2) by *fd, which is the caller's own.
 * Empty: count 0, every slot closed.  NULL and errno; why then says what is missing. */
struct shortest_table *shortest_create(int *fd, char *why, size_t size);
struct shortest_table *shortest_open(int fd);     /* what was made in another program */
void shortest_destroy(struct shortest_table *t);  /* unmaps it in this process; NULL is fine */

/* Loads a program over table_fd, puts sockets[slot] into the slots 0..count-1 (-1: none
 * there) and attaches it to the group of them, in place of whatever chose before,
 * classic or extended.  All must listen already, and none be in another group's map.
 * -1 and errno; why then says what was refused, and the group chooses as before. */
int shortest_attach(struct shortest_group *g, int table_fd, const int *sockets, unsigned count,
	char *why, size_t size);

/* The group's program again after steer.h put another in its place; socket is any member.
 * To leave it for the kernel's hash: steer_off(). -1 and errno. */
int shortest_attach_again(const struct shortest_group *g, int socket);

/* A slot's socket comes; put first, open after.  One that ends (last close, or
 * shutdown) leaves by itself.  EINVAL: it does not listen; EBUSY: it is in
 * another map. -1 and errno. */
int shortest_put(const struct shortest_group *g, unsigned slot, int socket);
int shortest_remove(const struct shortest_group *g, unsigned slot);  /* ENOENT if there is none */

/* The group goes on choosing by it; closing twice is fine. */
void shortest_close(struct shortest_group *g);

/* ---- master ---- */

/* Whether a slot may be chosen.  Its sockets are in their groups before it opens. */
static inline void shortest_let(struct shortest_slot *s, bool open)
{
	atomic_store_explicit(&s->missed, 0, memory_order_relaxed);
	atomic_store_explicit(&s->open, open, memory_order_release);
}

static inline int64_t shortest_length(const struct shortest_slot *s)
{
	int64_t n = (int64_t)(atomic_load_explicit(&s->given, memory_order_relaxed)
		- atomic_load_explicit(&s->done, memory_order_relaxed))
		+ atomic_load_explicit(&s->adjust, memory_order_relaxed);
	return n > 0 ? n : 0;
}

/* Its queue is length now, whatever was given: a dead worker's clients, SYNs that never
 * came.  A client that is given or done in this very moment may be miscounted by one. */
static inline void shortest_settle(struct shortest_slot *s, int64_t length)
{
	int64_t n = (int64_t)(atomic_load_explicit(&s->given, memory_order_relaxed)
		- atomic_load_explicit(&s->done, memory_order_relaxed));
	atomic_store_explicit(&s->adjust, length - n, memory_order_relaxed);
}

/* ---- worker ---- */

/* A client that another slot was given is served by this one from now on. */
static inline void shortest_took(struct shortest_slot *mine, struct shortest_slot *from)
{
	atomic_fetch_add_explicit(&mine->given, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&from->done, 1, memory_order_relaxed);
}

static inline void shortest_done(struct shortest_slot *s)
{
	atomic_fetch_add_explicit(&s->done, 1, memory_order_relaxed);
}

/* now_ns: CLOCK_MONOTONIC when the loop woke; 0: it is about to wait. */
static inline void shortest_turn(struct shortest_slot *s, uint64_t now_ns)
{
	atomic_store_explicit(&s->turn, now_ns, memory_order_relaxed);
}

#endif
