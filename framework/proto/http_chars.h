/* SPDX-License-Identifier: MIT */
/*
 * http_chars.h - which byte may stand where in HTTP/1.1 and in a URI.
 *
 * Pure and constant.  ctype.h is of no use here: it asks the locale.
 */
#ifndef PORTICO_PROTO_HTTP_CHARS_H
#define PORTICO_PROTO_HTTP_CHARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum http_char {
	HTTP_TOKEN   = 0x01,     /* tchar: RFC 9110, 5.6.2 */
	HTTP_VALUE   = 0x02,     /* VCHAR, obs-text, SP, HTAB: RFC 9110, 5.5 */
	HTTP_PATH    = 0x04,     /* pchar and '/': RFC 3986, 3.3; '%' is taken on trust */
	HTTP_TARGET  = 0x08,     /* PATH and the brackets of an address: RFC 3986, 3.2.2 */
	HTTP_QUERY   = 0x10,     /* see http_chars.c */
	HTTP_REGNAME = 0x20,     /* unreserved, sub-delims: RFC 3986, 3.2.2, without '%' */
	HTTP_HEX     = 0x40,
	HTTP_DIGIT   = 0x80,
};

/* The classes a byte is in. */
extern const uint8_t http_chars[256];

static inline bool http_char_is(char c, enum http_char class)
{
	return http_chars[(unsigned char)c] & class;
}

/* An ASCII letter made small; every other byte as it is. */
static inline unsigned char http_char_fold(char c)
{
	return (unsigned char)(c - 'A') < 26 ? (unsigned char)c | 0x20 : (unsigned char)c;
}

/* The number a hexadecimal digit stands for. */
static inline unsigned http_char_hex(char c)
{
	return http_char_is(c, HTTP_DIGIT) ? (unsigned)(c - '0')
					   : (unsigned)(http_char_fold(c) - 'a') + 10;
}

/* Whether the len bytes at text are those of small, whatever their case.
 * small has letters, digits and the signs - / : only; text has no control
 * bytes: then bit 0x20 is all that case can change, and may be set everywhere. */
static inline bool http_chars_are(const char *text, const char *small, size_t len)
{
	uint64_t a, b;
	uint32_t c, d;

	for (; len >= sizeof(a); len -= sizeof(a)) {
		memcpy(&a, text, sizeof(a));
		memcpy(&b, small, sizeof(b));
		if ((a | UINT64_C(0x2020202020202020)) != b)
			return false;
		text += sizeof(a);
		small += sizeof(b);
	}
	if (len >= sizeof(c)) {
		memcpy(&c, text, sizeof(c));
		memcpy(&d, small, sizeof(d));
		if ((c | UINT32_C(0x20202020)) != d)
			return false;
		text += sizeof(c);
		small += sizeof(d);
		len -= sizeof(c);
	}
	for (; len > 0; len--)
		if ((*text++ | 0x20) != *small++)
			return false;
	return true;
}

#endif
