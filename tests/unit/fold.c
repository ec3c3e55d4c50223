/* SPDX-License-Identifier: MIT */
/* fold.c - base/fold.c: long sentences on narrow pages. */
#include "base/fold.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *folded(const char *text, size_t columns)
{
	static char out[256];
	size_t len, skip;

	out[0] = '\0';
	for (; (len = fold_line(text, columns, &skip)) > 0; text += len + skip)
		snprintf(out + strlen(out), sizeof(out) - strlen(out), "%.*s/", (int)len, text);
	return out;
}

Test(fold, breaks_between_words)
{
	cr_assert_str_eq(folded("one two three", 7), "one two/three/");
	cr_assert_str_eq(folded("one two three", 8), "one two /three/");
	cr_assert_str_eq(folded("one two three", 100), "one two three/");
	cr_assert_str_eq(folded("", 10), "");
}

Test(fold, cuts_a_word_that_is_longer_than_a_line)
{
	cr_assert_str_eq(folded("abcdefgh", 3), "abc/def/gh/");
	cr_assert_str_eq(folded("a bcdefgh", 3), "a /bcd/efg/h/");
}

Test(fold, ends_on_a_page_without_columns)
{
	cr_assert_str_eq(folded("ab c", 0), "a/b/c/");
}

Test(fold, a_character_is_a_column)
{
	cr_assert_eq(fold_columns("1.04×"), 5u);
	cr_assert_eq(fold_columns(""), 0u);
	cr_assert_eq(fold_cut("××x", 1), 2u);
	cr_assert_eq(fold_cut("××x", 2), 4u);
	cr_assert_eq(fold_cut("××x", 9), 5u);
	cr_assert_eq(fold_cut("××x", 0), 0u);
	cr_assert_str_eq(folded("××××", 3), "×××/×/");
}
