/* SPDX-License-Identifier: MIT */
/*
 * tick.h - the time within a turn of a loop, read off the processor's counter.
 *
 *	anchor      span: 100 ms                 later
 *	  | ns + counts * rate                    | clock_ns()
 *
 * clock_gettime(2) costs some 25 ns, the counter of an x86-64 half of that.  Where the kernel takes its
 * own time from that counter, so does a tick, between anchors that are the clock's: it learns
 * how fast it counts, and believes it when it was told the same twice.  Everywhere else, and
 * further than TICK_SPAN from the anchor, all of it is clock_ns().
 *
 * A reading may be wrong by a hundredth of its distance from the anchor, and so be in front of a
 * later one that is the clock's: take tick_since(), not a difference.  All zero is a valid
 * tick that asks the clock.
 */
#ifndef PORTICO_BASE_TICK_H
#define PORTICO_BASE_TICK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

enum {
	TICK_SPAN = 100000000,   /* ns behind an anchor */
	TICK_FRESH = 1000000,    /* and for how many of them a turn needs no anchor of its own */
};

struct tick {
	uint64_t ns;             /* the anchor: clock_ns(), and the counter then */
	uint64_t count;
	uint64_t span;           /* counts from there that it is good for; 0: ask the clock */
	uint64_t rate;           /* ns a count, times 2^32 */
	uint64_t since_ns;       /* where it learns from */
	uint64_t since_count;
	bool     counts;         /* the counter is the kernel's clock, too */
};

#ifdef __x86_64__
static inline uint64_t tick_count(void)
{
	return __builtin_ia32_rdtsc();
}
#else
static inline uint64_t tick_count(void)
{
	return 0;
}
#endif

void tick_init(struct tick *t);

/* For tick_anchor(): a look at how fast it counts, seldom. */
enum { TICK_LEARN = 100000000 }; /* ns */
void tick_learn(struct tick *t);

/* t->ns is clock_ns(). */
static inline void tick_anchor(struct tick *t)
{
	t->ns = clock_ns();
	if (!t->counts)
		return;
	t->count = tick_count();
	if (t->ns - t->since_ns >= TICK_LEARN)
		tick_learn(t);
}

/* At the beginning of a turn: what clock_ns() would say, which is asked if the anchor is old. */
static inline uint64_t tick_begin(struct tick *t)
{
	uint64_t counts = tick_count() - t->count;

	if (counts < t->span / (TICK_SPAN / TICK_FRESH))
		return t->ns + (counts * t->rate >> 32);
	tick_anchor(t);
	return t->ns;
}

/* What clock_ns() would say. */
static inline uint64_t tick_ns(const struct tick *t)
{
	if (t->span == 0)
		return clock_ns();
	uint64_t counts = tick_count() - t->count;
	if (counts >= t->span)
		return clock_ns();
	return t->ns + (counts * t->rate >> 32);
}

/* The ns since then, an earlier anchor or reading of t. */
static inline uint64_t tick_since(const struct tick *t, uint64_t then)
{
	uint64_t now = tick_ns(t);

	return now > then ? now - then : 0;
}

#endif
