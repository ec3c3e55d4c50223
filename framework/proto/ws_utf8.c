/* SPDX-License-Identifier: MIT */
/*
 * ws_utf8.c - whether bytes are UTF-8 (RFC 3629), however they are cut.
 */
#include "proto/ws_utf8.h"

#include <string.h>

/* Text is mostly ASCII, eight bytes at a look. */
static size_t ascii_prefix(const char *text, size_t len)
{
	size_t at = 0;
	uint64_t word;

	for (; len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, text + at, sizeof(word));
		if (word & 0x8080808080808080u)
			break;
	}
	while (at < len && (unsigned char)text[at] < 0x80)
		at++;
	return at;
}

/* The table of RFC 3629, 4: what may follow the first byte of a character. */
static bool begin(struct ws_utf8 *u, uint8_t first)
{
	if (first < 0xc2 || first > 0xf4)
		return false;
	u->more = first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	u->low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	u->high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	return true;
}

static bool go_on(struct ws_utf8 *u, uint8_t next)
{
	if (next < u->low || next > u->high)
		return false;
	u->more--;
	u->low = 0x80;
	u->high = 0xbf;
	return true;
}

bool ws_utf8_take(struct ws_utf8 *u, const char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		if (u->more == 0)
			at += ascii_prefix(text + at, len - at);
		if (at == len)
			break;
		uint8_t byte = (uint8_t)text[at++];
		if (u->more > 0 ? !go_on(u, byte) : !begin(u, byte))
			return false;
	}
	return true;
}

bool ws_utf8_valid(const char *text, size_t len)
{
	struct ws_utf8 u = {0};

	return ws_utf8_take(&u, text, len) && ws_utf8_is_whole(&u);
}
