/* SPDX-License-Identifier: MIT */
/* text.c - base/text.c: numbers with units, yes and no, near misses. */
#include "base/text.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

static int int_error(const char *s)
{
	int64_t n;

	errno = 0;
	return text_int(s, &n) == 0 ? 0 : errno;
}

static int size_error(const char *s)
{
	size_t n;

	errno = 0;
	return text_size(s, &n) == 0 ? 0 : errno;
}

static int seconds_error(const char *s)
{
	double n;

	errno = 0;
	return text_seconds(s, &n) == 0 ? 0 : errno;
}

static void expect_seconds(const char *s, double wanted)
{
	double n = -1;

	cr_assert_eq(text_seconds(s, &n), 0, "%s", s);
	cr_assert_float_eq(n, wanted, 1e-9, "%s gave %f", s, n);
}

Test(text, int_reads_both_ends_of_its_range)
{
	int64_t n;

	cr_assert_eq(text_int("9223372036854775807", &n), 0);
	cr_assert_eq(n, INT64_MAX);
	cr_assert_eq(text_int("-9223372036854775808", &n), 0);
	cr_assert_eq(n, INT64_MIN);
	cr_assert_eq(text_int("007", &n), 0);
	cr_assert_eq(n, 7);
}

Test(text, int_tells_form_from_fit)
{
	static const char *const bad[] = {"", "-", "+1", " 1", "1 ", "0x10", "1.5", "1k", "--1"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_assert_eq(int_error(bad[i]), EINVAL, "%s", bad[i]);
	cr_assert_eq(int_error("9223372036854775808"), ERANGE);
	cr_assert_eq(int_error("-9223372036854775809"), ERANGE);
}

Test(text, size_multiplies_by_powers_of_1024)
{
	size_t n;

	cr_assert_eq(text_size("512", &n), 0);
	cr_assert_eq(n, 512);
	cr_assert_eq(text_size("64k", &n), 0);
	cr_assert_eq(n, 65536);
	cr_assert_eq(text_size("1M", &n), 0);
	cr_assert_eq(n, 1048576);
	cr_assert_eq(text_size("2g", &n), 0);
	cr_assert_eq(n, (size_t)2 << 30);
}

Test(text, size_refuses_what_is_no_size)
{
	static const char *const bad[] = {"", "k", "-1", "+1", " 1", "1 k", "1kb", "1t", "1.5k"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_assert_eq(size_error(bad[i]), EINVAL, "%s", bad[i]);
}

Test(text, size_that_overflows_is_out_of_range)
{
	cr_assert_eq(size_error("18446744073709551615"), 0);
	cr_assert_eq(size_error("18446744073709551616"), ERANGE);
	cr_assert_eq(size_error("18014398509481984k"), ERANGE);
	cr_assert_eq(size_error("99999999999999999999g"), ERANGE);
	cr_assert_eq(size_error("99999999999999999999x"), EINVAL);
}

Test(text, seconds_reads_every_unit)
{
	expect_seconds("250ms", 0.25);
	expect_seconds("30s", 30);
	expect_seconds("1.5s", 1.5);
	expect_seconds("5m", 300);
	expect_seconds("1H", 3600);
	expect_seconds("1d", 86400);
	expect_seconds("0", 0);
	expect_seconds("0s", 0);
}

Test(text, seconds_without_a_unit_is_refused_unless_it_is_zero)
{
	static const char *const bad[] = {"", "30", "s", "-1s", ".5s", "1.s", "1 s", "infs", "nan",
		"1e3s", "0x1s", "5min", "1s2"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		cr_assert_eq(seconds_error(bad[i]), EINVAL, "%s", bad[i]);
}

Test(text, seconds_too_large_is_out_of_range)
{
	char long_one[600];

	memset(long_one, '9', sizeof(long_one));
	strcpy(long_one + sizeof(long_one) - 2, "s");
	cr_assert_eq(seconds_error(long_one), ERANGE);
	cr_assert_eq(seconds_error("1000000001s"), ERANGE);
	cr_assert_eq(seconds_error("1.0000000000000s"), ERANGE);
}

Test(text, bool_knows_three_pairs_in_any_case)
{
	bool b = false;

	cr_assert_eq(text_bool("Yes", &b), 0);
	cr_assert(b);
	cr_assert_eq(text_bool("off", &b), 0);
	cr_assert(!b);
	cr_assert_eq(text_bool("TRUE", &b), 0);
	cr_assert(b);
	cr_assert_eq(text_bool("1", &b), -1);
	cr_assert_eq(text_bool("", &b), -1);
	cr_assert_eq(text_bool("yess", &b), -1);
}

Test(text, nearest_finds_typing_errors)
{
	static const char *const words[] = {"listen", "linger", "drain", "protocol", NULL};

	cr_assert_str_eq(text_nearest("lisen", words), "listen");
	cr_assert_str_eq(text_nearest("drian", words), "drain");
	cr_assert_str_eq(text_nearest("Protocol", words), "protocol");
	cr_assert_str_eq(text_nearest("portocoll", words), "protocol");
}

Test(text, nearest_does_not_guess)
{
	static const char *const words[] = {"tcp", "udp", "listen", NULL};
	char long_word[200];

	memset(long_word, 'a', sizeof(long_word) - 1);
	long_word[sizeof(long_word) - 1] = '\0';
	cr_assert_null(text_nearest("greeting", words));
	cr_assert_null(text_nearest("abc", words));
	cr_assert_null(text_nearest("", words));
	cr_assert_null(text_nearest(long_word, words));
	cr_assert_null(text_nearest("xd", words), "half of its letters are too many");
}

Test(text, trims_blanks_and_tabs_around_a_word)
{
	char word[] = " \t two words \t", nothing[] = " \t ", bare[] = "bare";

	cr_assert_str_eq(text_trim(word), "two words");
	cr_assert_str_eq(text_trim(nothing), "");
	cr_assert_str_eq(text_trim(bare), "bare");
}
