/* SPDX-License-Identifier: MIT */
/*
 * quote.h - what somebody else has said, a character at a time, as a string of JSON holds it.
 *
 * Pure.  What is valid UTF-8 stays; quotes, backslashes and controls are escaped, also those of C1,
 * which terminals obey, and those of direction, which show a line in another order.  Every byte that is no UTF-8, and NUL, whose \u0000 many who read
 * JSON refuse, becomes \\xHH.
 */
#ifndef PORTICO_BASE_QUOTE_H
#define PORTICO_BASE_QUOTE_H

#include <stddef.h>

struct quoted {
	char   text[8];
	size_t len;              /* of it */
	size_t used;             /* of the input */
};

/* The first character of text, of which there are len > 0 bytes. */
struct quoted quote_json(const char *text, size_t len);

/* How many bytes the UTF-8 character (RFC 3629) takes that text begins with; 0: it is none. */
size_t quote_utf8(const char *text, size_t len);

#endif
