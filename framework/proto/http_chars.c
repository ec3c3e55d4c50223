/* SPDX-License-Identifier: MIT */
/*
 * http_chars.c - the table behind http_chars.h.
 *
 * A query may hold eight bytes that RFC 3986 does not allow there: [ \ ] ^ `
 * { | } go out of every browser as they are (WHATWG URL, "query percent-encode
 * set"), and with them the quotation mark, which curl and old browsers send.
 * None of them ends a query, a request line or a field, so no two readers of
 * one request can disagree about it.  In a path they are refused: browsers
 * escape most of them there, and a path is compared with other paths.
 */
#include "proto/http_chars.h"

/* What unreserved and sub-delims are good for, then the rest of pchar. */
#define NAME (HTTP_VALUE | HTTP_PATH | HTTP_TARGET | HTTP_QUERY | HTTP_REGNAME)
#define PCHAR (HTTP_VALUE | HTTP_PATH | HTTP_TARGET | HTTP_QUERY)
#define BROWSER (HTTP_VALUE | HTTP_QUERY)

const uint8_t http_chars[256] = {
	['\t'] = HTTP_VALUE,
	[' '] = HTTP_VALUE,
	['!'] = NAME | HTTP_TOKEN,
	['"'] = BROWSER,
	['#'] = HTTP_VALUE | HTTP_TOKEN,
	['$'] = NAME | HTTP_TOKEN,
	['%'] = PCHAR | HTTP_TOKEN,
	['&'] = NAME | HTTP_TOKEN,
	['\''] = NAME | HTTP_TOKEN,
	['('] = NAME,
	[')'] = NAME,
	['*'] = NAME | HTTP_TOKEN,
	['+'] = NAME | HTTP_TOKEN,
	[','] = NAME,
	['-'] = NAME | HTTP_TOKEN,
	['.'] = NAME | HTTP_TOKEN,
	['/'] = PCHAR,
	['0' ... '9'] = NAME | HTTP_TOKEN | HTTP_HEX | HTTP_DIGIT,
	[':'] = PCHAR,
	[';'] = NAME,
	['<'] = HTTP_VALUE,
	['='] = NAME,
	['>'] = HTTP_VALUE,
	['?'] = BROWSER,
	['@'] = PCHAR,
	['A' ... 'F'] = NAME | HTTP_TOKEN | HTTP_HEX,
	['G' ... 'Z'] = NAME | HTTP_TOKEN,
	['['] = BROWSER | HTTP_TARGET,
	['\\'] = BROWSER,
	[']'] = BROWSER | HTTP_TARGET,
	['^'] = BROWSER | HTTP_TOKEN,
	['_'] = NAME | HTTP_TOKEN,
	['`'] = BROWSER | HTTP_TOKEN,
	['a' ... 'f'] = NAME | HTTP_TOKEN | HTTP_HEX,
	['g' ... 'z'] = NAME | HTTP_TOKEN,
	['{'] = BROWSER,
	['|'] = BROWSER | HTTP_TOKEN,
	['}'] = BROWSER,
	['~'] = NAME | HTTP_TOKEN,
	[0x80 ... 0xff] = HTTP_VALUE,
};
