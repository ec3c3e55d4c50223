/* SPDX-License-Identifier: MIT */
/*
 * siphash.c - a hash that nobody can foretell who does not know its key.
 */
#include "base/siphash.h"

#include <endian.h>
#include <string.h>

struct sip {
	uint64_t a, b, c, d;
};

static inline uint64_t turn(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void mix(struct sip *s)
{
	s->a += s->b;
	s->c += s->d;
	s->b = turn(s->b, 13) ^ s->a;
	s->d = turn(s->d, 16) ^ s->c;
	s->a = turn(s->a, 32) + s->d;
	s->c += s->b;
	s->d = turn(s->d, 21) ^ s->a;
	s->b = turn(s->b, 17) ^ s->c;
	s->c = turn(s->c, 32);
}

static inline void take(struct sip *s, uint64_t word)
{
	s->d ^= word;
	mix(s);
	s->a ^= word;
}

static inline struct sip begin(const uint64_t key[2])
{
	return (struct sip){
		key[0] ^ UINT64_C(0x736f6d6570736575),
		key[1] ^ UINT64_C(0x646f72616e646f6d),
		key[0] ^ UINT64_C(0x6c7967656e657261),
		key[1] ^ UINT64_C(0x7465646279746573),
	};
}

static inline uint64_t end_with(struct sip *s, uint64_t last)
{
	take(s, last);
	s->c ^= 0xff;
	mix(s);
	mix(s);
	mix(s);
	return s->a ^ s->b ^ s->c ^ s->d;
}

uint64_t siphash(const uint64_t key[2], const void *data, size_t len)
{
	const unsigned char *at = data, *end = at + (len & ~(size_t)7);
	struct sip s = begin(key);
	uint64_t word, last = 0;

	for (; at < end; at += 8) {
		memcpy(&word, at, 8);
		take(&s, le64toh(word));
	}
	memcpy(&last, at, len & 7);
	return end_with(&s, le64toh(last) | (uint64_t)len << 56);
}

uint64_t siphash_pair(const uint64_t key[2], uint64_t first, uint64_t second)
{
	struct sip s = begin(key);

	take(&s, first);
	take(&s, second);
	return end_with(&s, UINT64_C(16) << 56);
}
