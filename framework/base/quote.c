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

size_t quote_utf8(const char *text, size_t len)
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
	return c < forms[more].least || c > 0x10ffff || is_surrogate ? 0 : more + 1;
}

static struct quoted in_hex(const char *prefix, unsigned char c, size_t used)
{
	struct quoted q = { .len = strlen(prefix), .used = used };

	memcpy(q.text, prefix, q.len);
	q.text[q.len++] = hex[c >> 4];
	q.text[q.len++] = hex[c & 15];
	return q;
}

static struct quoted as_it_is(const char *text, size_t len)
{
	struct quoted q = { .len = len, .used = len };

	memcpy(q.text, text, len);
	return q;
}

struct quoted quote_json(const char *text, size_t len)
{
	unsigned char c = (unsigned char)*text;
	size_t many = quote_utf8(text, len);

	if (c == '"' || c == '\\')
		return (struct quoted){ .text = { '\\', *text }, .len = 2, .used = 1 };
	if (many == 0 || c == '\0')
		return in_hex("\\\\x", c, 1);
	if (c < ' ' || c == 0x7f)
		return in_hex("\\u00", c, 1);
	if (many == 2 && c == 0xc2 && (unsigned char)text[1] < 0xa0)
		return in_hex("\\u00", (unsigned char)text[1], 2);
	return as_it_is(text, many);
}
