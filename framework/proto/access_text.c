/* SPDX-License-Identifier: MIT */
/*
 * access_text.c - what a client sent, as it may stand in a log.
 */
#include "proto/access_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/quote.h"

static char *put(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

static const char hex[] = "0123456789abcdef";

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7f && c != '"' && c != '\\';
}

#define ALL(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether eight bytes are plain, each tested in its own place: the first that is not leaves its
 * highest bit set; what it borrows from those behind it no longer matters. */
static bool are_plain(uint64_t eight)
{
	uint64_t not_quote = (eight ^ ALL('"')) - ALL(1), not_slash = (eight ^ ALL('\\')) - ALL(1);
	uint64_t bad = eight | (eight + ALL(1)) | (eight - ALL(' ')) | not_quote | not_slash;

	return (bad & ALL(0x80)) == 0;
}

/* Copies as many bytes as are plain by eights, at most room; gives how many. */
static size_t copy_plain(char *to, const char *from, size_t len, size_t room)
{
	size_t most = len < room ? len : room, done = 0;
	uint64_t eight;

	for (; most - done >= sizeof(eight); done += sizeof(eight)) {
		memcpy(&eight, from + done, sizeof(eight));
		if (!are_plain(eight))
			break;
		memcpy(to + done, &eight, sizeof(eight));
	}
	return done;
}

static struct quoted sign_of(const char *text, size_t len, enum access_style style)
{
	unsigned char c = (unsigned char)*text;

	if (style == ACCESS_JSON || c == '"' || c == '\\')
		return quote_json(text, len);
	return (struct quoted){ .text = { '\\', 'x', hex[c >> 4], hex[c & 15] }, .len = 4, .used = 1 };
}

char *access_put_text(char *at, struct access_text t, size_t most, enum access_style style)
{
	const char *end = at + most - 3;

	size_t i = copy_plain(at, t.at, t.len, (size_t)(end - at));
	for (at += i; i < t.len;) {
		if (is_plain((unsigned char)t.at[i]) && at < end) {
			*at++ = t.at[i++];
			continue;
		}
		struct quoted s = sign_of(t.at + i, t.len - i, style);
		if (s.len > (size_t)(end - at))
			return put(at, "...", 3);
		at = put(at, s.text, s.len);
		i += s.used;
		size_t more = copy_plain(at, t.at + i, t.len - i, (size_t)(end - at));
		at += more;
		i += more;
	}
	return at;
}
