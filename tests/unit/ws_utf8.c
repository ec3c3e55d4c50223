/* SPDX-License-Identifier: MIT */
/* ws_utf8.c - UTF-8 (RFC 3629), cut anywhere, and spoilt at the first byte that spoils it. */
#include "proto/ws_utf8.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(ws_utf8, .timeout = 60);

/* How many bytes are taken, one by one, until it is refused; whole: it may end there. */
static size_t taken(const char *text, size_t len, bool *whole)
{
	struct ws_utf8 u = {0};
	size_t at = 0;

	while (at < len && ws_utf8_take(&u, text + at, 1))
		at++;
	*whole = ws_utf8_is_whole(&u);
	return at;
}

Test(ws_utf8, takes_the_bounds_of_every_length)
{
	static const char *const good[] = {
		"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xef\xbf\xbf", "\xef\xbf\xbe", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf",
		"\xf0\x9f\xbf\xbe", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
		"Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!",
		"0123456789abcdef\xe2\x82\xacghijklmnopqrstu\xf0\x9d\x84\x9e",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		size_t len = strlen(good[i]);
		bool whole;

		cr_assert(ws_utf8_valid(good[i], len), "%zu", i);
		cr_assert_eq(taken(good[i], len, &whole), len, "%zu", i);
		cr_assert(whole);
	}
	cr_assert(ws_utf8_valid("a\0b", 3));
}

Test(ws_utf8, refuses_at_the_first_byte_that_spoils_it)
{
	static const struct { const char *text; size_t good; } cases[] = {
		{ "\x80", 0 }, { "\xbf", 0 }, { "\x80\xbf\x80", 0 },           /* nothing to continue */
		{ "\xc0\x80", 0 }, { "\xc1\xbf", 0 },                          /* overlong */
		{ "\xe0\x80\x80", 1 }, { "\xe0\x9f\xbf", 1 }, { "\xf0\x80\x80\x80", 1 },
		{ "\xf0\x8f\xbf\xbf", 1 },
		{ "\xed\xa0\x80", 1 }, { "\xed\xbf\xbf", 1 },                  /* surrogates */
		{ "\xf4\x90\x80\x80", 1 }, { "\xf5\x80\x80\x80", 0 },          /* over U+10FFFF */
		{ "\xf8\x88\x80\x80\x80", 0 }, { "\xfc\x84\x80\x80\x80\x80", 0 }, { "\xfe", 0 },
		{ "\xff", 0 },
		{ "\xc3(", 1 }, { "\xe2\x82(", 2 }, { "\xf0\x90\x80(", 3 },    /* cut short by ASCII */
		{ "\xc3\xc3", 1 }, { "\xe2\x82\xe2", 2 },
		{ "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80" "edited", 12 },
		{ "0123456789abcdef\xff", 16 }, { "0123456\xff", 7 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t len = strlen(cases[i].text);
		bool whole;

		cr_assert_not(ws_utf8_valid(cases[i].text, len), "%zu", i);
		cr_assert_eq(taken(cases[i].text, len, &whole), cases[i].good, "%zu", i);
	}
}

Test(ws_utf8, a_text_may_not_end_inside_a_character)
{
	static const char *const cut[] = {
		"\xc2", "a\xdf", "\xe0\xa0", "\xe1", "\xf0\x90\x80", "\xf4\x8f", "\xf1",
	};
	bool whole;

	for (size_t i = 0; i < sizeof(cut) / sizeof(*cut); i++) {
		cr_assert_eq(taken(cut[i], strlen(cut[i]), &whole), strlen(cut[i]));
		cr_assert_not(whole, "%zu", i);
		cr_assert_not(ws_utf8_valid(cut[i], strlen(cut[i])));
	}
}

/* Every code point there is, and every pair of first bytes, against arithmetic. */
Test(ws_utf8, knows_every_code_point)
{
	char text[4];

	for (unsigned c = 0x800; c < 0x120000; c++) {
		size_t len = c < 0x10000 ? 3 : 4;

		text[0] = (char)(len == 3 ? 0xe0 | c >> 12 : 0xf0 | c >> 18);
		text[len - 3] = (char)(len == 3 ? text[0] : (char)(0x80 | (c >> 12 & 0x3f)));
		text[len - 2] = (char)(0x80 | (c >> 6 & 0x3f));
		text[len - 1] = (char)(0x80 | (c & 0x3f));
		bool good = c < 0x110000 && !(c >= 0xd800 && c < 0xe000);
		cr_assert_eq(ws_utf8_valid(text, len), good, "U+%04X", c);
	}
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		unsigned a = pair >> 8, b = pair & 0xff;

		text[0] = (char)a;
		text[1] = (char)b;
		bool good = (a < 0x80 && b < 0x80) || (a >= 0xc2 && a < 0xe0 && b >= 0x80 && b < 0xc0);
		cr_assert_eq(ws_utf8_valid(text, 2), good, "%02x %02x", a, b);
	}
}
