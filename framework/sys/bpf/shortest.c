/* SPDX-License-Identifier: MIT */
/*
 * shortest.c - the program that gives each new connection to the slot with the shortest queue.
 *
 * Not part of the build: clang makes BPF instructions of it, which are
 * committed as sys/shortest_insns.h ("make bpf"); tests/bpf.sh compares.  sys/shortest.h
 * says what it is for, sys/shortest_table.h what it shares.
 *
 * bpf_loop() (Linux 5.17) turns the loop: one that is written out the verifier
 * walks for each slot, 200 000 instructions instead of a few hundred, and without
 * CAP_PERFMON without an end, because it also follows a processor that guesses the last
 * turn wrong.  Within it nothing branches: class, length and chance are
 * packed in one key, and masks made of signs choose.  A processor likes that too,
 * which could not guess which of the slots is the least.
 *
 *      62       61       32 31       0
 *     blocked  queue length  chance       the least wins; NOBODY is above all
 */
#include <linux/bpf.h>

#include "sys/shortest_table.h"

#define SECTION __attribute__((section("sk_reuseport"), used))
#define INLINE static inline __attribute__((always_inline))
#define READ(word) (*(const volatile __typeof__((word) + 0) *)&(word))
#define WRITE(word, value) (*(volatile __typeof__((word) + 0) *)&(word) = (value))
#define ADD_ONE(word) ((void)__sync_fetch_and_add((uint64_t *)&(word), 1))

enum {
	TCP_HEADER = 20, TCP_FLAGS = 13,        /* RFC 9293, 3.1 */
	SYN = 0x02, ACK = 0x10,
	TCP = 6,
	LENGTH = 0x3fffffff,
};

#define BLOCKED  ((int64_t)1 << 62)
#define NOBODY   INT64_MAX
#define MULTIPLY 6364136223846793005ULL         /* Knuth, MMIX */

static uint64_t (*const ktime_get_ns)(void) = (void *)BPF_FUNC_ktime_get_ns;
static uint32_t (*const get_prandom_u32)(void) = (void *)BPF_FUNC_get_prandom_u32;
static long (*const select_reuseport)(struct sk_reuseport_md *ctx, void *map, void *key,
	uint64_t flags) = (void *)BPF_FUNC_sk_select_reuseport;
static long (*const loop)(uint32_t turns, void *body, void *context, uint64_t flags)
	= (void *)BPF_FUNC_loop;

/* The two maps: sys/shortest.c puts descriptors in their place when it loads. */
extern struct shortest_table table;
extern char sockets;

/* All ones if n is below 0, or else 0.  Not in C: clang would see through it and branch. */
INLINE int64_t if_negative(int64_t n)
{
	__asm__ volatile("%0 s>>= 63" : "+r"(n));
	return n;
}

/* Retransmissions find their half-open connection and never come here; what else
 * does (a reset, a cookie's ACK) is no connection that anybody will count as done. */
INLINE int is_new(const struct sk_reuseport_md *ctx)
{
	const unsigned char *header = (const unsigned char *)(long)ctx->data;
	const unsigned char *end = (const unsigned char *)(long)ctx->data_end;

	if (ctx->ip_protocol != TCP || header + TCP_HEADER > end)
		return 0;
	return (header[TCP_FLAGS] & (SYN | ACK)) == SYN;
}

INLINE int64_t length_of(const struct shortest_slot *s)
{
	int64_t n = (int64_t)(READ(s->given) - READ(s->done)) + READ(s->adjust);

	return n & ~if_negative(n) & LENGTH;
}

/* All ones or 0.  Differences are signed: another CPU may have stored a time later than now. */
INLINE int64_t if_blocked(const struct shortest_slot *s, uint64_t now, uint64_t blocked_ns)
{
	uint64_t turn = READ(s->turn);

	return if_negative((int64_t)(blocked_ns - (now - turn))) & if_negative(-(int64_t)turn);
}

INLINE int64_t if_unfit(const struct shortest_slot *s, uint64_t now)
{
	int64_t closed = (int64_t)(READ(s->open) & 1) - 1;

	return closed | if_negative((int64_t)(now - READ(s->missed) - SHORTEST_MISSED_NS));
}

INLINE int64_t key_of(const struct shortest_slot *s, uint64_t now, uint64_t blocked_ns,
	uint64_t chance)
{
	int64_t key = length_of(s) << 32 | (int64_t)(chance >> 32);

	key |= if_blocked(s, now, blocked_ns) & BLOCKED;
	return key | (if_unfit(s, now) & NOBODY);
}

struct search {
	uint64_t now, blocked_ns, count, chance;
	uint64_t at, winner;
	int64_t best;
};

static long look(uint32_t turn, struct search *s);

/* To the best slot; whether the matter is settled. */
INLINE int give(struct sk_reuseport_md *ctx, uint64_t now)
{
	struct search s = {
		.now = now, .blocked_ns = READ(table.blocked_ns), .count = READ(table.count),
		.chance = get_prandom_u32(), .best = NOBODY,
	};
	if (s.count > SHORTEST_SLOTS)
		s.count = SHORTEST_SLOTS;  /* a worker may have written nonsense */
	/* Begins anywhere: to the verifier a number that came from chance is
	 * unknown, so that all turns look alike to it. */
	s.at = s.winner = s.chance * s.count >> 32;
	loop((uint32_t)s.count, look, &s, 0);
	if (s.best == NOBODY)
		return 0;
	uint32_t slot = s.winner & (SHORTEST_SLOTS - 1), key = slot;
	if (select_reuseport(ctx, &sockets, &key, 0) == 0) {
		if (is_new(ctx))
			ADD_ONE(table.slots[slot].given);
		return 1;
	}
	WRITE(table.slots[slot].missed, now);
	return 0;
}

/* Where the kernel enters: the section's first. */
SECTION int shortest(struct sk_reuseport_md *ctx)
{
	uint64_t now = ktime_get_ns();

	/* A slot without a socket is marked, and passed over by the next. */
	if (give(ctx, now) || give(ctx, now) || give(ctx, now))
		return SK_PASS;
	if (is_new(ctx))
		ADD_ONE(table.unsteered);
	return SK_PASS;
}

/* The loop's body, once for each slot; 0 goes on. */
SECTION static long look(uint32_t turn, struct search *s)
{
	uint64_t chance = s->chance * MULTIPLY + 1, at = s->at + 1;

	(void)turn;
	at &= (uint64_t)if_negative((int64_t)(at - s->count));
	at &= SHORTEST_SLOTS - 1;
	s->at = at;
	s->chance = chance;
	int64_t less = key_of(&table.slots[at], s->now, s->blocked_ns, chance) - s->best;
	int64_t if_less = if_negative(less);
	s->best += less & if_less;
	s->winner ^= (s->winner ^ at) & (uint64_t)if_less;
	return 0;
}
