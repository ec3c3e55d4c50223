/* SPDX-License-Identifier: MIT */
#include "base/spares.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(spares, .timeout = 20);

enum { SIZE = 200 };

static void is_zero(const char *piece)
{
	for (size_t i = 0; i < SIZE; i++)
		cr_assert_eq(piece[i], 0, "byte %zu", i);
}

Test(spares, are_zero_when_they_are_taken_again)
{
	struct spares s = {0};

	for (int i = 0; i < 3; i++) {
		char *piece = spares_take(&s, SIZE);
		is_zero(piece);
		memset(piece, 0xff, SIZE);
		spares_give(&s, piece);
	}
	spares_fini(&s);
}

Test(spares, are_kept_up_to_a_number_and_taken_from_the_last)
{
	enum { MORE = SPARES_KEPT + 10 };
	struct spares s = {0};
	void *pieces[MORE];

	for (int i = 0; i < MORE; i++)
		pieces[i] = spares_take(&s, SIZE);
	for (int i = 0; i < MORE; i++)
		spares_give(&s, pieces[i]);
	cr_assert_eq(s.count, SPARES_KEPT);
	for (int i = SPARES_KEPT; i-- > 0;)
		cr_assert_eq(spares_take(&s, SIZE), pieces[i]);
	cr_assert_eq(s.count, 0);
	for (int i = 0; i < SPARES_KEPT; i++)
		spares_give(&s, pieces[i]);
	spares_fini(&s);
	spares_fini(&s);
}
