/* SPDX-License-Identifier: MIT */
/*
 * steer_key.c - the instructions that make a packet's key.
 *
 * For a reuseport program offsets and the length count from the payload, of UDP
 * and of TCP; the network header is reached by SKF_NET_OFF.  An IPv4 header with
 * options is taken for one without, an IPv6 extension for the ports: what is read
 * in their place is still the same for all of a flow.
 *
 * A load out of range ends a program with 0, so that is asked for first.
 *
 * The hash: each word is multiplied in and the high half folded down, so that
 * the words do not cancel out; then the finaliser of MurmurHash3 (public domain),
 * by which every bit of the input flips every bit of the key with chance 1/2.
 * Nobody's secret is in it: who wants to can choose his member by his address, as
 * an operator who asks for "source" expects.
 */
#include "sys/steer_key.h"

#include <assert.h>
#include <sys/socket.h>

enum {
	IP4_SOURCE = 12, IP4_PORTS = 20,
	IP6_SOURCE = 8, IP6_PORTS = 40,
	WORD_BITS = 32,
};

static const uint32_t SEED = 0x9e3779b9, AGAIN = 0x7f4a7c15, ROUND = 0xcc9e2d51;

static void put(struct steer_block *b, unsigned op, uint32_t k)
{
	assert(b->len < sizeof(b->code) / sizeof(*b->code));
	b->code[b->len++] = (struct sock_filter)BPF_STMT((uint16_t)op, k);
}

static void fold(struct steer_block *b, uint32_t bits)
{
	put(b, BPF_MISC | BPF_TAX, 0);
	put(b, BPF_ALU | BPF_RSH | BPF_K, bits);
	put(b, BPF_ALU | BPF_XOR | BPF_X, 0);
}

static void multiply(struct steer_block *b, uint32_t by)
{
	put(b, BPF_ALU | BPF_MUL | BPF_K, by);
}

static void begin(struct steer_block *b)
{
	put(b, BPF_LD | BPF_IMM, SEED);
}

/* A = hash(A, what load loads, cut to its first bits). size: BPF_W, BPF_H, BPF_B. */
static void mix_in(struct steer_block *b, unsigned size, uint32_t at, unsigned bits)
{
	put(b, BPF_MISC | BPF_TAX, 0);
	put(b, BPF_LD | size | BPF_ABS, at);
	if (bits < WORD_BITS)
		put(b, BPF_ALU | BPF_AND | BPF_K, ~(UINT32_MAX >> bits));
	put(b, BPF_ALU | BPF_ADD | BPF_X, 0);
	multiply(b, ROUND);
	fold(b, 15);
}

static void finish(struct steer_block *b)
{
	fold(b, 16);
	multiply(b, 0x85ebca6b);
	fold(b, 13);
	multiply(b, 0xc2b2ae35);
	fold(b, 16);
}

static unsigned address_bits(const struct steer *s)
{
	return s->family == AF_INET6 ? 128 : 32;
}

static void mix_source(const struct steer *s, unsigned prefix, struct steer_block *b)
{
	uint32_t at = (uint32_t)SKF_NET_OFF + (s->family == AF_INET6 ? IP6_SOURCE : IP4_SOURCE);

	for (; prefix > WORD_BITS; prefix -= WORD_BITS, at += 4)
		mix_in(b, BPF_W, at, WORD_BITS);
	mix_in(b, BPF_W, at, prefix);
}

static void mix_flow(const struct steer *s, struct steer_block *b)
{
	uint32_t ports = s->family == AF_INET6 ? IP6_PORTS : IP4_PORTS;

	mix_source(s, address_bits(s), b);
	mix_in(b, BPF_H, (uint32_t)SKF_NET_OFF + ports, WORD_BITS);
}

static void mix_payload(const struct steer *s, struct steer_block *b)
{
	uint32_t at = s->offset, left = s->length;

	for (; left >= 4; left -= 4, at += 4)
		mix_in(b, BPF_W, at, WORD_BITS);
	if (left & 2)
		mix_in(b, BPF_H, at, WORD_BITS);
	if (left & 1)
		mix_in(b, BPF_B, at + (left & 2), WORD_BITS);
}

static void mix_payload_or_flow(const struct steer *s, struct steer_block *b)
{
	put(b, BPF_LD | BPF_W | BPF_LEN, 0);
	put(b, BPF_JMP | BPF_JGE | BPF_K, s->offset + s->length);
	size_t asked = b->len;
	begin(b);
	mix_payload(s, b);
	put(b, BPF_JMP | BPF_JA, 0);
	size_t had = b->len;
	begin(b);
	mix_flow(s, b);
	b->code[asked - 1].jf = (uint8_t)(had - asked);
	b->code[had - 1].k = (uint32_t)(b->len - had);
}

static void hash(const struct steer *s, enum steer_by by, struct steer_block *b)
{
	if (by == STEER_PAYLOAD) {
		mix_payload_or_flow(s, b);
	} else {
		begin(b);
		if (by == STEER_SOURCE)
			mix_source(s, s->prefix, b);
		else
			mix_flow(s, b);
	}
	finish(b);
}

static void random_word(struct steer_block *b)
{
	put(b, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
}

void steer_key(const struct steer *s, unsigned cpus, struct steer_block *out)
{
	if (s->by == STEER_CHANCE) {
		random_word(out);
	} else if (s->by == STEER_CPU) {
		put(out, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_CPU));
		put(out, BPF_ALU | BPF_MOD | BPF_K, cpus);
	} else {
		hash(s, s->by, out);
	}
}

void steer_key_again(const struct steer *s, struct steer_block *out)
{
	if (s->by == STEER_CHANCE) {
		random_word(out);
	} else if (s->by == STEER_CPU) {
		hash(s, STEER_FLOW, out);
	} else {
		put(out, BPF_ALU | BPF_ADD | BPF_K, AGAIN);
		finish(out);
	}
}
