/* SPDX-License-Identifier: MIT */
/* rate_list.c - proto/rate_list.h: what machines say to each other of their clients, and what is no such thing. */
#include "proto/rate_list.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct rate_list list;
static char text[RATE_LIST_BYTES];
static struct rate_letter letter;

static void add(uint64_t name)
{
	cr_assert(rate_list_add(&list, name, (struct rates_network){ name, ~name }));
}

/* In memory of its own, so that a sanitizer sees who reads behind it. */
static int read_copy(const void *data, size_t len)
{
	static char *copy;

	free(copy);
	copy = malloc(len);
	memcpy(copy, data, len);
	return rate_letter_read(&letter, copy, len);
}

Test(rate_list, what_is_written_is_read)
{
	add(1);
	add(2);
	add(1);
	list.all += 4;                   /* of nobody in particular */
	cr_assert_eq(rate_list_write(&list, 0x1122334455667788, text), 16 + 2 * 20);
	cr_assert_eq(memcmp(text, "prl1\0\0\0\7\x11\x22\x33\x44\x55\x66\x77\x88", 16), 0);
	cr_assert_eq(read_copy(text, 16 + 2 * 20), 0);
	cr_assert_eq(letter.machine, 0x1122334455667788);
	cr_assert_eq(letter.all, 7);
	cr_assert_eq(letter.count, 2);
	for (unsigned i = 0; i < 2; i++) {
		struct rate_listed c = rate_letter_client(&letter, i);
		cr_assert_eq(c.network.high, i + 1);
		cr_assert_eq(c.network.low, ~(uint64_t)(i + 1));
		cr_assert_eq(c.count, 2 - i);
	}
}

/* Names that all want the same place, too. */
Test(rate_list, it_has_an_end_and_begins_anew)
{
	for (int round = 0; round < 3; round++) {
		for (uint64_t i = 1; i <= RATE_LIST; i++)
			add(round == 1 ? i << 32 : i * 0x9e3779b97f4a7c15);
		cr_assert_not(rate_list_add(&list, 7777, (struct rates_network){ 0 }));
		add(round == 1 ? UINT64_C(1) << 32 : 0x9e3779b97f4a7c15);
		cr_assert_eq(list.all, RATE_LIST + 1);
		cr_assert_eq(list.clients[0].count, 2);
		cr_assert_eq(rate_list_write(&list, 1, text), RATE_LIST_BYTES);
		cr_assert_eq(read_copy(text, RATE_LIST_BYTES), 0);
		cr_assert_eq(letter.count, RATE_LIST);
		rate_list_clear(&list);
		cr_assert_eq(rate_list_write(&list, 1, text), RATE_LIST_HEAD);
	}
}

Test(rate_list, what_is_cut_short_is_none)
{
	add(1);
	add(2);
	size_t len = rate_list_write(&list, 1, text);
	for (size_t i = 0; i < len; i++)
		cr_assert_eq(read_copy(text, i), i == 16 || i == 36 ? 0 : -1, "%zu", i);
	cr_assert_eq(read_copy(text, len), 0);
}

Test(rate_list, nonsense_is_none)
{
	static char much[RATE_LIST_BYTES + RATE_LIST_CLIENT];

	add(1);
	add(2);
	size_t len = rate_list_write(&list, 1, text);
	text[3] = '2';
	cr_assert_eq(read_copy(text, len), -1, "another version");
	rate_list_write(&list, 1, text);
	text[len - 1] = 0;
	cr_assert_eq(read_copy(text, len), -1, "a client of whom there was nothing");
	rate_list_write(&list, 1, text);
	memset(text + 4, 0, 4);
	cr_assert_eq(read_copy(text, len), -1, "nothing was let through");
	memset(much, 1, sizeof(much));
	memcpy(much, "prl1", 4);
	cr_assert_eq(read_copy(much, RATE_LIST_BYTES), 0);
	cr_assert_eq(read_copy(much, sizeof(much)), -1, "more than anybody says");
	cr_assert_eq(read_copy("hello, this is a text", 21), -1);
}
