/* SPDX-License-Identifier: MIT */
/*
 * quote.c - what somebody else has said, a character at a time, as a string of JSON holds it.
 */
#include "base/quote.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static const char hex[] = "0123456789abcdef";

/* The bits of the first byte that are the character's, and the least that needs so many bytes. */
static const struct {
	unsigned char mask, mark;
	uint32_t      least;
} forms[] = {
	{ 0x80, 0x00, 0x0 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 },
};

/* The character that text begins with; gives its bytes, 0: it is none. */
static size_t decode(const char *text, size_t len, uint32_t *character)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t more = 0;

	while (more < 4 && (at[0] & forms[more].mask) != forms[more].mark)
		more++;
	if (more == 4 || more >= len)
		return 0;
	uint32_t c = at[0] & (unsigned char)~forms[more].mask;
	for (size_t i = 1; i <= more; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (at[i] & 0x3f);
	}
	bool is_surrogate = c >= 0xd800 && c <= 0xdfff;
	*character = c;
	return c < forms[more].least || c > 0x10ffff || is_surrogate ? 0 : more + 1;
}

size_t quote_utf8(const char *text, size_t len)
{
	uint32_t c;

	return decode(text, len, &c);
}

/* Unicode's Bidi_Control: what is behind it is shown in another order, over its neighbours. */
static bool turns_direction(uint32_t c)
{
	return c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e)
		|| (c >= 0x2066 && c <= 0x2069);
}

static bool is_control(uint32_t c)
{
	return c < ' ' || (c >= 0x7f && c < 0xa0) || turns_direction(c);
}

static struct quoted no_character(unsigned char byte)
{
	return (struct quoted){ { '\\', '\\', 'x', hex[byte >> 4], hex[byte & 15] }, .len = 5, .used = 1 };
}

static struct quoted by_number(uint32_t c, size_t used)
{
	return (struct quoted){ { '\\', 'u', hex[c >> 12], hex[c >> 8 & 15], hex[c >> 4 & 15], hex[c & 15] },
		.len = 6, .used = used };
}

static struct quoted as_it_is(const char *text, size_t len)
{
	struct quoted q = { .len = len, .used = len };

	memcpy(q.text, text, len);
	return q;
}

struct quoted quote_json(const char *text, size_t len)
{
	uint32_t c;
	size_t many = decode(text, len, &c);

	if (many == 0 || c == '\0')
		return no_character((unsigned char)*text);
	if (c == '"' || c == '\\')
		return (struct quoted){ .text = { '\\', *text }, .len = 2, .used = 1 };
	if (is_control(c))
		return by_number(c, many);
	return as_it_is(text, many);
}
