/* SPDX-License-Identifier: MIT */
/* units.c - base/units.c: numbers as people read them. */
#include "base/units.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "comma.h"

struct told {
	double      value;
	const char *text;
};

static void all_read(const char *(*units)(double, char [UNITS_TEXT]), const struct told *all, size_t count)
{
	char out[UNITS_TEXT];

	for (size_t i = 0; i < count; i++)
		cr_assert_str_eq(units(all[i].value, out), all[i].text, "%g reads %s, not %s",
			all[i].value, out, all[i].text);
}

#define ALL_READ(units, ...)                                                 \
	do {                                                                 \
		static const struct told all[] = { __VA_ARGS__ };            \
		all_read(units, all, sizeof(all) / sizeof(*all));            \
	} while (0)

Test(units, seconds_go_from_microseconds_to_days)
{
	ALL_READ(units_seconds, { 0, "0 s" }, { 0.000004, "4 µs" }, { 0.0000994, "99 µs" }, { 0.0001, "0.10 ms" }, { 0.000994, "0.99 ms" },
		{ 0.000999, "1.0 ms" }, { 0.0031, "3.1 ms" }, { 0.00999, "10 ms" }, { 0.31, "310 ms" },
		{ 0.9999, "1.0 s" }, { 3.14, "3.1 s" }, { 9.99, "10 s" }, { 119.4, "119 s" },
		{ 240, "4 min" }, { 7300, "2 h" }, { 200000, "2 d" });
}

Test(units, counts_have_no_fractions_and_rates_do)
{
	ALL_READ(units_count, { 0, "0" }, { 7, "7" }, { 999, "999" }, { 1000, "1.0 k" },
		{ 1234, "1.2 k" }, { 12345, "12 k" }, { 999999, "1.0 M" }, { 2.5e9, "2.5 G" },
		{ 3e15, "3000 T" });
	ALL_READ(units_rate, { 0, "0" }, { 0.5, "0.5" }, { 123.4, "123" }, { 1234, "1.2 k" });
}

Test(units, bytes_are_powers_of_1024)
{
	ALL_READ(units_bytes, { 0, "0 B" }, { 512, "512 B" }, { 1024, "1.0 KiB" },
		{ 2202009, "2.1 MiB" }, { 1023.9 * 1024, "1.0 MiB" }, { 5e9, "4.7 GiB" });
}

Test(units, parts_are_percents)
{
	ALL_READ(units_percent, { 0, "0" }, { 0.004, "0.4" }, { 0.031, "3.1" }, { 0.26, "26" }, { 1, "100" });
}

Test(units, what_is_not_known_is_a_dash)
{
	ALL_READ(units_seconds, { NAN, "-" });
	ALL_READ(units_count, { NAN, "-" });
	ALL_READ(units_rate, { NAN, "-" });
	ALL_READ(units_bytes, { NAN, "-" });
	ALL_READ(units_percent, { NAN, "-" });
}

Test(units, no_number_is_too_long)
{
	static const double wild[] = { INFINITY, -INFINITY, 1e300, -1e300, -1, 1e-300 };
	static const char *(*const all[])(double, char [UNITS_TEXT]) = { units_seconds, units_count, units_rate,
		units_bytes, units_percent, units_exact };
	char out[UNITS_TEXT];

	for (size_t u = 0; u < sizeof(all) / sizeof(*all); u++)
		for (size_t i = 0; i < sizeof(wild) / sizeof(*wild); i++)
			cr_assert_gt(strlen(all[u](wild[i], out)), 0u);
}

Test(units, programs_get_all_digits_in_any_locale)
{
	ALL_READ(units_exact, { 0.5, "0.5" }, { 1e21, "1e+21" }, { 1. / 3., "0.333333333333333" }, { 7, "7" });
	comma_set();
	ALL_READ(units_exact, { 0.5, "0.5" }, { 1e21, "1e+21" }, { -1.23456789012345e-300, "-1.23456789012345e-300" });
}
