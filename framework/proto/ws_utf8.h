/* SPDX-License-Identifier: MIT */
/*
 * ws_utf8.h - whether bytes are UTF-8 (RFC 3629), however they are cut.
 *
 * Pure.  What no later byte could mend is told at the byte that spoils it:
 * overlong forms, surrogates and what lies over U+10FFFF too.
 */
#ifndef PORTICO_PROTO_WS_UTF8_H
#define PORTICO_PROTO_WS_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws_utf8 {                 /* zero: between two characters */
	uint8_t more;            /* bytes that the character still needs */
	uint8_t low, high;       /* between these is the next of them */
};

/* The next bytes of the text.  False if it is none; then u is of no use any more. */
bool ws_utf8_take(struct ws_utf8 *u, const char *text, size_t len);

/* The text may end here. */
static inline bool ws_utf8_is_whole(const struct ws_utf8 *u)
{
	return u->more == 0;
}

bool ws_utf8_valid(const char *text, size_t len);     /* all of a text */

#endif
