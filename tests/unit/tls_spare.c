/* SPDX-License-Identifier: MIT */
/*
 * tls_spare.c - OpenSSL's buffers of records go from hand to hand.
 *
 * Not through OpenSSL: Criterion has called it before us.
 */
#include "net/tls_spare.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { RECORD = 16709, OTHER_RECORD = 16500 };

TestSuite(tls_spare, .init = tls_spare_keep);

Test(tls_spare, the_last_one_freed_is_the_next_one_taken)
{
	char *one = tls_spare_take(RECORD), *two = tls_spare_take(OTHER_RECORD);

	tls_spare_give_back(one);
	tls_spare_give_back(two);
	cr_assert_eq(tls_spare_take(RECORD), two, "has room for either");
	cr_assert_eq(tls_spare_take(OTHER_RECORD), one);
	memset(two, 1, RECORD);
	tls_spare_give_back(one);
	tls_spare_give_back(two);
}

Test(tls_spare, other_sizes_are_the_library_s)
{
	static const size_t sizes[] = { 1, 1024, 16 * 1024, 18 * 1024, 1 << 20 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char *one = tls_spare_take(RECORD), *other = tls_spare_take(sizes[i]);

		memset(other, 1, sizes[i]);
		tls_spare_give_back(one);
		other = realloc(other, sizes[i] + 1);
		cr_assert_neq(other, one);
		tls_spare_give_back(other);
		cr_assert_eq(tls_spare_take(RECORD), one);
		tls_spare_give_back(one);
	}
	tls_spare_give_back(NULL);
}

Test(tls_spare, a_crowd_is_not_kept)
{
	enum { MANY = 100, KEPT = 8 };
	void *blocks[MANY];

	for (int i = 0; i < MANY; i++)
		blocks[i] = tls_spare_take(RECORD);
	for (int i = 0; i < MANY; i++)
		tls_spare_give_back(blocks[i]);
	for (int i = 0; i < MANY; i++) {
		void *block = tls_spare_take(RECORD);
		cr_assert_eq(i < KEPT, block == blocks[KEPT - 1 - i % KEPT]);
		blocks[MANY - 1 - i] = block;
	}
	for (int i = 0; i < MANY; i++)
		tls_spare_give_back(blocks[i]);
}

static void *free_it(void *block)
{
	tls_spare_give_back(block);
	return tls_spare_take(RECORD);
}

/* LeakSanitizer sees what a thread would have taken with it. */
Test(tls_spare, other_threads_keep_none)
{
	char *mine = tls_spare_take(RECORD), *first = tls_spare_take(RECORD);
	pthread_t thread;
	void *its;

	tls_spare_give_back(mine);
	cr_assert_eq(pthread_create(&thread, NULL, free_it, first), 0);
	cr_assert_eq(pthread_join(thread, &its), 0);
	cr_assert(its != mine && its != first, "it is the loop's");
	tls_spare_give_back(its);
	cr_assert_eq(tls_spare_take(RECORD), mine);
	tls_spare_give_back(mine);
}

/* OpenSSL may grow what was as large as a record. */
Test(tls_spare, what_changes_its_size_moves_out)
{
	static const size_t sizes[] = { 100, 17 * 1024, 64 * 1024 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		char *one = memset(tls_spare_take(RECORD), 'x', RECORD);
		char *other = tls_spare_resize(one, sizes[i]);

		cr_assert_neq(other, one);
		for (size_t at = 0; at < sizes[i] && at < RECORD; at++)
			cr_assert_eq(other[at], 'x');
		other = tls_spare_resize(other, 2 * sizes[i]);
		tls_spare_give_back(other);
		cr_assert_eq(tls_spare_take(RECORD), one, "it was not given back");
		cr_assert_null(tls_spare_resize(one, 0));
	}
}
