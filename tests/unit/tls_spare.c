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
	void *blocks[MANY], *kept[KEPT];

	for (int i = 0; i < MANY; i++)
		blocks[i] = tls_spare_take(RECORD);
	for (int i = 0; i < MANY; i++)
		tls_spare_give_back(blocks[i]);
	for (int i = 0; i < KEPT; i++) {
		kept[i] = tls_spare_take(RECORD);
		cr_assert_eq(kept[i], blocks[KEPT - 1 - i]);
	}
	for (int i = 0; i < KEPT; i++)
		tls_spare_give_back(kept[i]);
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
	cr_assert_neq(its, mine, "it is the loop's");
	tls_spare_give_back(its);
	cr_assert_eq(tls_spare_take(RECORD), its);
	tls_spare_give_back(its);
}
