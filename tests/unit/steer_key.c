/* SPDX-License-Identifier: MIT */
/*
 * steer_key.c - what of a packet its key depends on, on a machine of our own.
 */
#include <criterion/criterion.h>
#include <netinet/in.h>
#include <string.h>

#include "steer_rig.h"

TestSuite(steer_key, .timeout = 60);

enum { MOST = STEER_MEMBERS };

/* n lies in the bits from shift on of word of an address. */
static struct packet spread_client(int family, unsigned word, unsigned shift, uint32_t n)
{
	struct packet p = packet_of(family, 0);
	uint32_t bits = htonl(n << shift);

	if (family == AF_INET)
		p.from.in.sin_addr.s_addr = bits;
	else
		memcpy(p.from.in6.sin6_addr.s6_addr + 4 * word, &bits, 4);
	return p;
}

static void expect_even(int family, unsigned word, unsigned shift)
{
	enum { COUNT = 8, CLIENTS = 4096 };
	struct steer s = rig_steer(STEER_SOURCE, family, COUNT);
	struct rig_program program;
	unsigned counts[COUNT] = { 0 };

	rig_compile(&s, &program);
	for (uint32_t n = 0; n < CLIENTS; n++) {
		struct packet p = spread_client(family, word, shift, n);
		counts[rig_run(&program, &p)]++;
	}
	for (unsigned i = 0; i < COUNT; i++)
		cr_assert_float_eq((double)counts[i], (double)CLIENTS / COUNT, 100., "word %u, shift %u: %u have %u",
			word, shift, i, counts[i]);
}

Test(steer_key, spreads_addresses_that_are_alike)
{
	for (unsigned shift = 0; shift <= 20; shift++) {
		expect_even(AF_INET, 0, shift);
		for (unsigned word = 0; word < 4; word++)
			expect_even(AF_INET6, word, shift);
	}
}

Test(steer_key, keeps_a_source_together_whatever_its_port)
{
	EACH(int, family, families) {
		struct steer s = rig_steer(STEER_SOURCE, *family, 64);
		struct rig_program program;
		rig_compile(&s, &program);
		for (uint32_t n = 0; n < 100; n++) {
			struct packet p = packet_of(*family, n);
			uint32_t member = rig_run(&program, &p);
			p.from.in.sin_port = htons((uint16_t)n);
			cr_assert_eq(rig_run(&program, &p), member);
		}
	}
}

static void flip(struct packet *p, unsigned bit)
{
	uint8_t *bytes = p->family == AF_INET ? (uint8_t *)&p->from.in.sin_addr
		: p->from.in6.sin6_addr.s6_addr;
	bytes[bit / 8] ^= 0x80 >> bit % 8;
}

Test(steer_key, two_words_of_an_address_do_not_cancel_out)
{
	struct steer s = rig_steer(STEER_SOURCE, AF_INET6, MOST);
	struct rig_program program;

	rig_compile(&s, &program);
	for (unsigned bit = 0; bit < 128; bit++) {
		for (unsigned other = bit + 32; other < 128; other += 32) {
			unsigned moved = 0;
			for (uint32_t n = 0; n < 8; n++) {
				struct packet p = packet_of(AF_INET6, n);
				uint32_t member = rig_run(&program, &p);
				flip(&p, bit);
				flip(&p, other);
				moved += rig_run(&program, &p) != member;
			}
			cr_assert_geq(moved, 6, "bits %u and %u", bit, other);
		}
	}
}

/* With 1024 members a bit that counts moves nearly every client. */
Test(steer_key, counts_the_bits_of_the_prefix_and_no_others)
{
	EACH(int, family, families) {
		unsigned bits = *family == AF_INET ? 32 : 128;
		for (unsigned prefix = 1; prefix <= bits; prefix++) {
			struct steer s = rig_steer(STEER_SOURCE, *family, MOST);
			struct rig_program program;
			s.prefix = prefix;
			rig_compile(&s, &program);
			for (unsigned bit = 0; bit < bits; bit++) {
				unsigned moved = 0;
				for (uint32_t n = 0; n < 8; n++) {
					struct packet p = packet_of(*family, n);
					uint32_t member = rig_run(&program, &p);
					flip(&p, bit);
					moved += rig_run(&program, &p) != member;
				}
				cr_assert(bit < prefix ? moved >= 6 : moved == 0,
					"/%u, bit %u: %u moved", prefix, bit, moved);
			}
		}
	}
}

Test(steer_key, takes_the_cpu_modulo_those_with_weight)
{
	struct steer s = rig_steer(STEER_CPU, AF_INET, 6);
	struct rig_program program;
	static const uint32_t with_weight[] = { 1, 2, 3, 5 };

	rig_compile(&s, &program);
	for (uint32_t cpu = 0; cpu < 100; cpu++) {
		struct packet p = packet_of(AF_INET, 0);
		p.cpu = cpu;
		cr_assert_eq(rig_run(&program, &p), cpu % 6);
	}
	s.weights = (uint32_t[]){ 0, 1, 7, 1, 0, 1 };
	rig_compile(&s, &program);
	for (uint32_t cpu = 0; cpu < 100; cpu++) {
		struct packet p = packet_of(AF_INET, 0);
		p.cpu = cpu;
		cr_assert_eq(rig_run(&program, &p), with_weight[cpu % 4]);
	}
}

Test(steer_key, spreads_a_closed_cpu_by_flow)
{
	struct steer s = rig_steer(STEER_CPU, AF_INET6, 3);
	struct rig_program program;
	unsigned counts[3] = { 0 };

	s.closed = (bool[]){ false, true, false };
	rig_compile(&s, &program);
	for (uint32_t n = 0; n < 1000; n++) {
		struct packet p = rig_client(AF_INET6, n);
		p.cpu = 4;
		uint32_t member = rig_run(&program, &p);
		cr_assert_eq(rig_run(&program, &p), member, "a flow was split");
		counts[member]++;
		p.cpu = 3;
		cr_assert_eq(rig_run(&program, &p), 0);
	}
	cr_assert_eq(counts[1], 0);
	cr_assert_float_eq((double)counts[0], 500., 100.);
}

/* Whether it goes by what it says: then its address does not matter. */
static bool by_payload(const struct steer *s, size_t length)
{
	struct rig_program program;
	unsigned moved = 0;

	rig_compile(s, &program);
	for (uint32_t n = 0; n < 8; n++) {
		struct packet p = packet_of(s->family, n), other = packet_of(s->family, n + 99);
		p.length = other.length = length;
		memset(p.payload, (int)n, sizeof(p.payload));
		memset(other.payload, (int)n, sizeof(other.payload));
		moved += rig_run(&program, &p) != rig_run(&program, &other);
	}
	cr_assert(moved == 0 || moved >= 6);
	return moved == 0;
}

Test(steer_key, takes_a_short_datagram_by_its_flow)
{
	EACH(int, family, families) {
		struct steer s = rig_steer(STEER_PAYLOAD, *family, MOST);
		for (s.offset = 0; s.offset < 5; s.offset++)
			for (s.length = 1; s.length <= 16; s.length++)
				for (size_t length = 0; length <= 24; length++)
					cr_assert_eq(by_payload(&s, length),
						length >= s.offset + s.length);
	}
}

Test(steer_key, counts_the_bytes_named_and_no_others)
{
	struct steer s = rig_steer(STEER_PAYLOAD, AF_INET, MOST);

	s.offset = 3;
	for (s.length = 1; s.length <= 16; s.length++) {
		struct rig_program program;
		rig_compile(&s, &program);
		for (unsigned at = 0; at < 24; at++) {
			unsigned moved = 0;
			for (uint32_t n = 0; n < 8; n++) {
				struct packet p = packet_of(AF_INET, n);
				p.length = 24;
				memset(p.payload, (int)n, sizeof(p.payload));
				uint32_t member = rig_run(&program, &p);
				p.payload[at] ^= 0x10;
				moved += rig_run(&program, &p) != member;
			}
			bool counted = at >= s.offset && at < s.offset + s.length;
			cr_assert(counted ? moved >= 6 : moved == 0);
		}
	}
}
