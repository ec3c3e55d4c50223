/* SPDX-License-Identifier: MIT */
/*
 * bucket.h - how often a thing may be done: a token bucket in one word that all processes share.
 *
 *	   now          full
 *	----+------------+------------------+----> clock_ns()
 *	    |<-- owed -->|<-- still there ->|
 *	    |<------------ whole ---------->|
 *
 * The word is the time when the bucket will be full again; a bucket that was never used, or not for
 * long, has one that is past.  Each thing moves it on by what it takes to come back, if that is not more
 * than a whole bucket from now: one compare-and-swap, so that nobody waits for anybody, and who is killed
 * has taken or has not.  (GCRA, the generic cell rate algorithm of ITU-T I.371, whose theoretical arrival
 * time this is.)
 *
 * What was taken elsewhere, which nobody could refuse, may be more than was there: then rule.debt may be owed
 * beyond a whole bucket, and that comes back first.
 *
 * The rule is not in the bucket.  Under another one, or if the clock went back, there may be far more owed than
 * a bucket holds: that counts for a whole one, a wait of one thing.  A little more is what is left to a process
 * that was kept from going on after it had looked at the clock, and stays.
 */
#ifndef PORTICO_SYS_BUCKET_H
#define PORTICO_SYS_BUCKET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define BUCKET_LATE UINT64_C(1000000000)         /* ns: how old a now may be */

typedef _Atomic uint64_t bucket_word;

struct bucket_rule {             /* in ns */
	uint64_t each;           /* until one has come back; 0: there is no limit */
	uint64_t whole;          /* until all have: each of them, so at least each */
	uint64_t debt;           /* that may be owed beyond it; 0: nothing is taken elsewhere */
};

/* The release is for sys/rates.c: who sees a bucket used sees whose it is. */
static inline bool bucket_set(bucket_word *full, uint64_t *was, uint64_t to)
{
	return atomic_compare_exchange_weak_explicit(full, was, to, memory_order_release,
		memory_order_relaxed);
}

static inline uint64_t bucket_owed(uint64_t full, uint64_t now)
{
	return full > now ? full - now : 0;
}

/* What is far more than a whole bucket becomes that. */
static inline uint64_t bucket_cap(bucket_word *full, const struct bucket_rule *rule, uint64_t now)
{
	uint64_t was = atomic_load_explicit(full, memory_order_relaxed);

	while (bucket_owed(was, now) > rule->whole + rule->debt + BUCKET_LATE)
		if (bucket_set(full, &was, now + rule->whole))
			return now + rule->whole;
	return was;
}

/* Whether one more is there at now, by clock_ns(), and is taken.  If not, *wait is the ns until it is. */
static inline bool bucket_take(bucket_word *full, const struct bucket_rule *rule, uint64_t now,
	uint64_t *wait)
{
	uint64_t was = bucket_cap(full, rule, now), owed;

	do {
		owed = bucket_owed(was, now);
		if (owed > rule->whole - rule->each) {
			*wait = owed - (rule->whole - rule->each);
			return false;
		}
	} while (!bucket_set(full, &was, now + owed + rule->each));
	return true;
}

/* One that was taken was of no use.  What came back meanwhile stays. */
static inline void bucket_give_back(bucket_word *full, const struct bucket_rule *rule)
{
	uint64_t was = atomic_load_explicit(full, memory_order_relaxed);

	while (was >= rule->each && !bucket_set(full, &was, was - rule->each))
		;
}

/* So many were taken elsewhere, and nobody asked here: down to an empty bucket, and to all the debt. */
static inline void bucket_charge(bucket_word *full, const struct bucket_rule *rule, uint64_t now,
	uint64_t count)
{
	uint64_t was = bucket_cap(full, rule, now), most = rule->whole + rule->debt, owed;

	do {
		owed = bucket_owed(was, now);
		if (owed >= most || count > (most - owed) / rule->each)
			owed = most;
		else
			owed += count * rule->each;
	} while (!bucket_set(full, &was, now + owed));
}

#endif
