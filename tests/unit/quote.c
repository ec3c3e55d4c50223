/* SPDX-License-Identifier: MIT */
/* quote.c - base/quote.c: every byte there is, as a string of JSON holds it. */
#include "base/quote.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

TestSuite(quote);

/* All of text, as a JSON string. */
static const char *quoted(const char *text, size_t len)
{
	static char out[256];
	size_t at = 0;

	out[at++] = '"';
	for (size_t i = 0; i < len;) {
		struct quoted q = quote_json(text + i, len - i);
		cr_assert_leq(q.len, sizeof(q.text));
		cr_assert_geq(q.used, 1);
		memcpy(out + at, q.text, q.len);
		at += q.len;
		i += q.used;
	}
	memcpy(out + at, "\"", 2);
	return out;
}

Test(quote, every_byte_gives_valid_json)
{
	for (unsigned c = 0; c < 256; c++) {
		char byte = (char)c;
		json_t *o = json_loads(quoted(&byte, 1), JSON_DECODE_ANY, NULL);
		cr_assert_not_null(o, "byte %u", c);
		if (c > 0 && c < 0x80)
			cr_assert_eq(json_string_value(o)[0], byte, "byte %u", c);
		json_decref(o);
	}
}

Test(quote, utf8_is_that_of_rfc_3629)
{
	static const struct { const char *text; size_t length; } cases[] = {
		{ "a", 1 }, { "\xc2\x80", 2 }, { "\xdf\xbf", 2 }, { "\xe0\xa0\x80", 3 },
		{ "\xed\x9f\xbf", 3 }, { "\xee\x80\x80", 3 }, { "\xf0\x90\x80\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		{ "\x80", 0 }, { "\xc0\x80", 0 }, { "\xc1\xbf", 0 }, { "\xe0\x9f\xbf", 0 },
		{ "\xed\xa0\x80", 0 }, { "\xf0\x8f\xbf\xbf", 0 }, { "\xf4\x90\x80\x80", 0 },
		{ "\xf8\x88\x80\x80\x80", 0 }, { "\xff", 0 }, { "\xe2\x82", 0 }, { "\xc3(", 0 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		cr_assert_eq(quote_utf8(cases[i].text, strlen(cases[i].text)), cases[i].length,
			"case %zu", i);
}

Test(quote, terminals_are_not_spoken_to)
{
	cr_assert_str_eq(quoted("\x1b[0m\x7f\xc2\x9b", 7), "\"\\u001b[0m\\u007f\\u009b\"");
	cr_assert_str_eq(quoted("\xff\0", 2), "\"\\\\xff\\\\x00\"");
}

/* U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069: behind them a terminal shows a line backwards. */
Test(quote, nobody_turns_the_direction_of_a_line)
{
	cr_assert_str_eq(quoted("a\xe2\x80\xae" "b\xd8\x9c", 7), "\"a\\u202eb\\u061c\"");
	cr_assert_str_eq(quoted("\xe2\x80\x8e\xe2\x80\x8f", 6), "\"\\u200e\\u200f\"");
	cr_assert_str_eq(quoted("\xe2\x80\xaa\xe2\x81\xa6\xe2\x81\xa9", 9), "\"\\u202a\\u2066\\u2069\"");
}

Test(quote, their_neighbours_stay)
{
	static const char *const neighbours[] = { "\xe2\x80\x8d", "\xe2\x80\x90", "\xe2\x80\xa9", "\xe2\x80\xaf",
		"\xe2\x81\xa5", "\xe2\x81\xaa", "\xd8\x9b", "\xd8\x9d", "\xe3\x80\xae" };
	char expected[8];

	for (size_t i = 0; i < sizeof(neighbours) / sizeof(*neighbours); i++) {
		snprintf(expected, sizeof(expected), "\"%s\"", neighbours[i]);
		cr_assert_str_eq(quoted(neighbours[i], strlen(neighbours[i])), expected, "case %zu", i);
	}
}
