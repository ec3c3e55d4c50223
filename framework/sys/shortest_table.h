/* SPDX-License-Identifier: MIT */
/*
 * shortest_table.h - the memory that a join-shortest-queue program shares with master and workers.
 *
 * One element of an mmapable array map: sys/bpf/shortest.c is compiled with this
 * header too, so it holds fixed-width fields only.  The words that change
 * while a program runs are _Atomic; nobody locks, so whoever dies hurts nobody.
 */
#ifndef PORTICO_SYS_SHORTEST_TABLE_H
#define PORTICO_SYS_SHORTEST_TABLE_H

#include <stdint.h>

enum {
	SHORTEST_SLOTS = 1024,                  /* a power of two: the program masks with it */
	SHORTEST_BLOCKED_NS = 5 * 1000 * 1000,  /* blocked_ns unless the master says otherwise */
	SHORTEST_MISSED_NS = 100 * 1000 * 1000, /* a slot found without a socket rests this long */
};

/*
 * A cache line each: a worker stores its turn twice a turn of its loop, and in
 * half a line it would take the line from the sibling that it shared it with.
 * Not two: the program reads every slot's at each SYN.
 *
 * Its queue is given + adjust - done; below 0 is taken for 0.
 */
struct shortest_slot {
	_Atomic uint64_t given;   /* program, workers: connections that it was given */
	_Atomic uint64_t done;    /* workers: of these, gone again */
	_Atomic int64_t adjust;   /* master: what was given and never came (SYNs only), what died */
	_Atomic uint64_t turn;    /* worker: when its loop's turn began; 0 while it waits */
	_Atomic uint64_t missed;  /* program: when it last found no socket here; 0 never */
	_Atomic uint32_t open;    /* master: 1 if it may be chosen */
	uint32_t spare[5];
};

/* Times are CLOCK_MONOTONIC in ns: bpf_ktime_get_ns(). */
struct shortest_table {
	_Atomic uint32_t count;       /* master: slots 0..count-1 are looked at */
	uint32_t unused;
	_Atomic uint64_t blocked_ns;  /* master: a turn that is longer passes for blocked */
	_Atomic uint64_t unsteered;   /* program: SYNs that no slot would do for */
	uint64_t spare[5];
	struct shortest_slot slots[SHORTEST_SLOTS];
};

#endif
