/* SPDX-License-Identifier: MIT */
/*
 * steer_compile.c - what the programs choose, on a machine of our own.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <netinet/in.h>
#include <string.h>

#include "steer_rig.h"

TestSuite(steer_compile, .timeout = 60);

enum { KEYS = 20000, MOST = STEER_MEMBERS };

static const enum steer_by hashes[] = { STEER_FLOW, STEER_SOURCE, STEER_PAYLOAD };
static void count_members(const struct rig_program *program, int family, unsigned *counts)
{
	memset(counts, 0, MOST * sizeof(*counts));
	for (uint32_t n = 0; n < KEYS; n++) {
		struct packet p = rig_client(family, n);
		uint32_t member = rig_run(program, &p);
		cr_assert_lt(member, MOST);
		counts[member]++;
	}
}

/* shares are in per cent. */
static void expect_shares(const struct steer *s, const double *shares)
{
	struct rig_program program;
	unsigned counts[MOST];

	rig_compile(s, &program);
	count_members(&program, s->family, counts);
	for (unsigned i = 0; i < s->count; i++) {
		double got = 100. * counts[i] / KEYS;
		cr_assert_leq(fabs(got - shares[i]), 2., "by %d: member %u has %.1f %% of %.1f",
			s->by, i, got, shares[i]);
		cr_assert(shares[i] > 0 || counts[i] == 0, "by %d: %u chosen", s->by, i);
	}
}

static void expect_shares_by_all(
	unsigned count, const uint32_t *weights, const bool *closed, const double *shares)
{
	EACH(int, family, families) {
		struct steer chance = rig_steer(STEER_CHANCE, *family, count);
		chance.weights = weights;
		chance.closed = closed;
		expect_shares(&chance, shares);
		EACH(enum steer_by, how, hashes) {
			struct steer s = rig_steer(*how, *family, count);
			s.weights = weights;
			s.closed = closed;
			expect_shares(&s, shares);
		}
	}
}

Test(steer_compile, shares_by_weight)
{
	expect_shares_by_all(3, (uint32_t[]){ 3, 1, 0 }, NULL, (double[]){ 75, 25, 0 });
	expect_shares_by_all(4, (uint32_t[]){ 0, 1, 0, 9 }, NULL, (double[]){ 0, 10, 0, 90 });
}

Test(steer_compile, shares_evenly_without_weights)
{
	expect_shares_by_all(1, NULL, NULL, (double[]){ 100 });
	expect_shares_by_all(5, NULL, NULL, (double[]){ 20, 20, 20, 20, 20 });
	expect_shares_by_all(2, (uint32_t[]){ 0, 0 }, NULL, (double[]){ 50, 50 });
}

Test(steer_compile, shares_by_the_largest_weights)
{
	const uint32_t weights[] = { UINT32_MAX, UINT32_MAX / 2, UINT32_MAX / 2, 1 };

	expect_shares_by_all(4, weights, NULL, (double[]){ 50, 25, 25, 0.0001 });
}

Test(steer_compile, shares_what_the_closed_had_by_weight)
{
	expect_shares_by_all(4, (uint32_t[]){ 4, 3, 1, 0 },
		(bool[]){ true, false, false, false }, (double[]){ 0, 75, 25, 0 });
	expect_shares_by_all(3, NULL, (bool[]){ false, true, false }, (double[]){ 50, 0, 50 });
}

Test(steer_compile, shares_evenly_if_only_those_without_weight_are_open)
{
	expect_shares_by_all(4, (uint32_t[]){ 4, 3, 0, 0 },
		(bool[]){ true, true, false, false }, (double[]){ 0, 0, 50, 50 });
	expect_shares_by_all(3, (uint32_t[]){ 0, 0, 0 },
		(bool[]){ true, false, false }, (double[]){ 0, 50, 50 });
}

/* The clients of the others keep their member while one is closed. */
static void expect_only_its_clients_move(struct steer s, unsigned one)
{
	struct rig_program before, closed, after;
	bool none[MOST] = { false }, shut[MOST] = { false };
	unsigned moved = 0;

	shut[one] = true;
	rig_compile(&s, &before);
	s.closed = shut;
	rig_compile(&s, &closed);
	s.closed = none;
	rig_compile(&s, &after);
	for (uint32_t n = 0; n < KEYS; n++) {
		struct packet p = rig_client(s.family, n);
		uint32_t was = rig_run(&before, &p), is = rig_run(&closed, &p);
		cr_assert_eq(rig_run(&after, &p), was, "did not come back");
		cr_assert_neq(is, one);
		cr_assert(was == one || is == was, "client %u moved from %u to %u", n, was, is);
		moved += was == one;
	}
	cr_assert_gt(moved, 0);
}

Test(steer_compile, closing_moves_only_the_closed_ones_clients)
{
	const uint32_t unequal[] = { 3, 1, 1, 1, 1, 1, 5, 2 };

	EACH(int, family, families) {
		EACH(enum steer_by, how, hashes) {
			struct steer s = rig_steer(*how, *family, 7);
			for (unsigned one = 0; one < s.count; one++)
				expect_only_its_clients_move(s, one);
			s.weights = unequal;
			s.count = 8;
			for (unsigned one = 0; one < s.count; one++)
				expect_only_its_clients_move(s, one);
		}
	}
}

static uint32_t unequal_weights[MOST];

static struct steer of_many(bool *closed)
{
	struct steer s = rig_steer(STEER_FLOW, AF_INET6, MOST);

	for (unsigned i = 0; i < MOST; i++)
		unequal_weights[i] = 1000 + i;
	s.weights = unequal_weights;
	s.closed = closed;
	return s;
}

/* Of eighths of the row, because 1024 shares of 20 000 clients say nothing. */
static void expect_eighths(const struct steer *s)
{
	struct rig_program program;
	unsigned counts[MOST];
	double shares[8] = { 0 }, got[8] = { 0 }, sum = 0;

	rig_compile(s, &program);
	count_members(&program, s->family, counts);
	for (unsigned i = 0; i < MOST; i++) {
		bool is_open = !s->closed || !s->closed[i];
		cr_assert(is_open || counts[i] == 0);
		shares[i / 128] += is_open ? s->weights[i] : 0;
		sum += is_open ? s->weights[i] : 0;
		got[i / 128] += counts[i];
	}
	for (unsigned i = 0; i < 8; i++)
		cr_assert_leq(fabs(100 * got[i] / KEYS - 100 * shares[i] / sum), 2.);
}

Test(steer_compile, has_room_for_1024_unequal_members)
{
	bool closed[MOST] = { false };
	struct steer s = of_many(NULL);

	expect_eighths(&s);
	s = of_many(closed);
	for (unsigned i = 0; i < MOST; i += 1 + i / 8) {
		closed[i] = true;
		expect_eighths(&s);
	}
	for (unsigned step = 2; step < 8; step++) {
		for (unsigned i = 0; i < MOST; i++)
			closed[i] = i % step == 1;
		expect_eighths(&s);
	}
	memset(closed, true, sizeof(closed));
	closed[1000] = false;
	expect_eighths(&s);
}

Test(steer_compile, moves_only_the_closed_ones_clients_of_1024)
{
	bool closed[MOST] = { false };
	struct steer s = of_many(closed);

	expect_only_its_clients_move(s, 0);
	expect_only_its_clients_move(s, 512);
	expect_only_its_clients_move(s, 1023);
}

static bool is_anybody_open(const struct steer *s, bool with_weight)
{
	for (unsigned i = 0; i < s->count; i++)
		if (!s->closed[i] && (!with_weight || s->weights[i] > 0))
			return true;
	return false;
}

/* Whoever is chosen is open, and has a weight if any open one has. */
Test(steer_compile, chooses_only_who_may_be_chosen)
{
	static uint32_t weights[MOST];
	static bool closed[MOST];

	for (int round = 0; round < 2000; round++) {
		struct steer s = rig_steer(rig_random() % 5, families[round % 2],
			1 + rig_random() % (round % 10 ? 12 : MOST));
		s.weights = weights;
		s.closed = closed;
		unsigned kinds = 1 + rig_random() % 6, shut = 1 + rig_random() % 4;
		for (unsigned i = 0; i < s.count; i++) {
			weights[i] = rig_random() % kinds * (rig_random() % 40 ? 1 : 1u << 29);
			closed[i] = rig_random() % shut > 0;
		}
		if (!is_anybody_open(&s, false))
			continue;
		struct rig_program program;
		rig_compile(&s, &program);
		bool weighty = is_anybody_open(&s, true);
		for (uint32_t n = 0; n < 50; n++) {
			struct packet p = rig_client(s.family, rig_random());
			p.cpu = rig_random() % 300;
			uint32_t member = rig_run(&program, &p);
			cr_assert_lt(member, s.count);
			cr_assert_not(closed[member]);
			cr_assert(!weighty || weights[member] > 0);
		}
	}
}

/* The word in the middle of the part of the member-th of those that may be chosen. */
static uint32_t middle_of(const struct steer *s, bool open_only, unsigned member)
{
	double before = 0, total = 0;

	for (unsigned i = 0; i < s->count; i++) {
		double weight = open_only && s->closed[i] ? 0 : s->weights[i];
		before += i < member ? weight : i == member ? weight / 2 : 0;
		total += weight;
	}
	return (uint32_t)(before / total * 4294967296.);
}

static unsigned next_open(const struct steer *s, unsigned member)
{
	while (s->closed[member] || s->weights[member] == 0)
		member = (member + 1) % s->count;
	return member;
}

/* Fewer than need neighbours to share. */
Test(steer_compile, finds_every_member_in_the_middle_of_its_part)
{
	static uint32_t weights[MOST];
	static bool closed[MOST];
	struct packet p = packet_of(AF_INET, 0);

	for (int round = 0; round < 1000; round++) {
		struct steer s = rig_steer(STEER_CHANCE, AF_INET, 1 + rig_random() % 900);
		struct rig_program program;
		s.weights = weights;
		s.closed = closed;
		unsigned kinds = 1 + rig_random() % 4, shut = 1 + rig_random() % 40;
		for (unsigned i = 0; i < s.count; i++) {
			weights[i] = 1 + rig_random() % kinds;
			closed[i] = i > 0 && rig_random() % shut == 1;
		}
		rig_compile(&s, &program);
		for (unsigned i = 0; i < s.count; i += 1 + s.count / 40) {
			unsigned instead = next_open(&s, i);
			p.random[0] = middle_of(&s, false, i);
			p.random[1] = middle_of(&s, true, instead);
			cr_assert_eq(rig_run(&program, &p), instead);
		}
	}
}

static void expect_refused(struct steer s)
{
	struct sock_filter code[STEER_MOST];

	errno = 0;
	cr_assert_eq(steer_compile(&s, code, STEER_MOST), 0);
	cr_assert_eq(errno, EINVAL);
	cr_assert_eq(steer_attach(-1, &s), -1);
	cr_assert_eq(errno, EINVAL);
}

#define REFUSED(how, family, ...)                                            \
	do {                                                                 \
		struct steer s = rig_steer(how, family, 4);                         \
		__VA_ARGS__;                                                 \
		expect_refused(s);                                           \
	} while (0)

Test(steer_compile, refuses_what_is_out_of_range)
{
	REFUSED(STEER_CHANCE, AF_INET, s.count = 0);
	REFUSED(STEER_CHANCE, AF_INET, s.count = 1025);
	REFUSED(STEER_CHANCE, AF_INET, s.closed = ((bool[]){ true, true, true, true }));
	REFUSED((enum steer_by)5, AF_INET, );
	REFUSED((enum steer_by)-1, AF_INET, );
	REFUSED(STEER_FLOW, AF_UNIX, );
	REFUSED(STEER_SOURCE, 0, );
	REFUSED(STEER_CPU, 0, );
	REFUSED(STEER_PAYLOAD, 0, );
	REFUSED(STEER_SOURCE, AF_INET, s.prefix = 0);
	REFUSED(STEER_SOURCE, AF_INET, s.prefix = 33);
	REFUSED(STEER_SOURCE, AF_INET6, s.prefix = 0);
	REFUSED(STEER_SOURCE, AF_INET6, s.prefix = 129);
	REFUSED(STEER_PAYLOAD, AF_INET, s.length = 0);
	REFUSED(STEER_PAYLOAD, AF_INET, s.length = 17);
	REFUSED(STEER_PAYLOAD, AF_INET, s.offset = 65532);
	REFUSED(STEER_PAYLOAD, AF_INET, s.offset = UINT_MAX);
}

Test(steer_compile, writes_no_further_than_its_room)
{
	struct sock_filter code[STEER_MOST];
	struct steer s = rig_steer(STEER_FLOW, AF_INET, 5);
	static const uint32_t weights[] = { 5, 4, 3, 2, 1 };

	s.weights = weights;
	s.closed = (bool[]){ true, false, false, false, false };
	size_t len = steer_compile(&s, code, STEER_MOST);
	cr_assert_gt(len, 0);
	for (size_t room = 0; room <= len; room++) {
		memset(code, 0xaa, sizeof(code));
		errno = 0;
		size_t got = steer_compile(&s, code, room);
		cr_assert_leq(got, room);
		cr_assert(got > 0 || errno == E2BIG);
		for (size_t i = room * sizeof(*code); i < sizeof(code); i++)
			cr_assert_eq(((uint8_t *)code)[i], 0xaa);
	}
	cr_assert_eq(steer_compile(&s, code, len), len);
	cr_assert_eq(steer_compile(&s, code, 10), 0);
	cr_assert_eq(errno, E2BIG);
}
