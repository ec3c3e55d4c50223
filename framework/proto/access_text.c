/* SPDX-License-Identifier: MIT */
/*
 * access_text.c - what a client sent, as it may stand in a log.
 */
#include "proto/access_text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "proto/ws_utf8.h"

static char *put(char *at, const char *text, size_t len)
{
	memcpy(at, text, len);
	return at + len;
}

static const char hex[] = "0123456789abcdef";

/* One character of the input as it stands in the log. */
struct sign {
	char   text[8];
	size_t len;              /* of it */
	size_t used;             /* of the input */
};

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

/* The length of the UTF-8 character of several bytes that text begins with; 0: it is none. */
static size_t utf8_at(const char *text, size_t len)
{
	struct ws_utf8 u = {0};

	if (!ws_utf8_take(&u, text, 1) || u.more == 0 || u.more >= len)
		return 0;
	size_t more = u.more;
	return ws_utf8_take(&u, text + 1, more) ? more + 1 : 0;
}

static void sign_hex(struct sign *s, const char *prefix, unsigned char c)
{
	s->len = strlen(prefix);
	memcpy(s->text, prefix, s->len);
	s->text[s->len++] = hex[c >> 4];
	s->text[s->len++] = hex[c & 15];
}

/* The C1 controls are valid UTF-8, and terminals obey them. */
static bool is_c1(const char *text, size_t len)
{
	return len == 2 && text[0] == '\xc2' && (unsigned char)text[1] < 0xa0;
}

/* \u0000 would be allowed, and is refused by many who read JSON. */
static struct sign sign_json(const char *text, size_t len)
{
	struct sign s = { .used = 1 };
	unsigned char c = (unsigned char)*text;

	if (c > 0 && c < 0x80) {
		sign_hex(&s, "\\u00", c);
		return s;
	}
	size_t many = utf8_at(text, len);
	if (many == 0) {
		sign_hex(&s, "\\\\x", c);
		return s;
	}
	s.used = many;
	if (is_c1(text, many)) {
		sign_hex(&s, "\\u00", (unsigned char)text[1]);
	} else {
		memcpy(s.text, text, many);
		s.len = many;
	}
	return s;
}

static struct sign sign_of(const char *text, size_t len, enum access_style style)
{
	if (*text == '"' || *text == '\\')
		return (struct sign){ .text = { '\\', *text }, .len = 2, .used = 1 };
	if (style == ACCESS_JSON)
		return sign_json(text, len);
	struct sign s = { .used = 1 };
	sign_hex(&s, "\\x", (unsigned char)*text);
	return s;
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
		struct sign s = sign_of(t.at + i, t.len - i, style);
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
