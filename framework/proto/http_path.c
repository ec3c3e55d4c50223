/* SPDX-License-Identifier: MIT */
/*
 * http_path.c - decodes a path once, then takes its dot segments out.
 *
 * In that order, so that no spelling of ".." gets past the second step, and
 * never twice: "%252e" names the file "%2e".  Both steps only shrink, so each
 * may write over what it has read.
 */
#include "proto/http_path.h"

#include <stdbool.h>
#include <string.h>

#include "proto/http_chars.h"

/* Gives the length; -1 for a bad triplet, or a NUL however it is written. */
static ssize_t decode(char *out, const char *raw, size_t len)
{
	const char *percent = memchr(raw, '%', len);
	size_t from = percent ? (size_t)(percent - raw) : len, to = from;

	if (memchr(raw, '\0', from))
		return -1;
	memmove(out, raw, from);
	while (from < len) {
		char c = raw[from++];

		if (c == '%') {
			if (len - from < 2 || !http_char_is(raw[from], HTTP_HEX) ||
				!http_char_is(raw[from + 1], HTTP_HEX))
				return -1;
			c = (char)(http_char_hex(raw[from]) << 4 | http_char_hex(raw[from + 1]));
			from += 2;
		}
		if (c == '\0')
			return -1;
		out[to++] = c;
	}
	return (ssize_t)to;
}

static bool is_dots(const char *segment, size_t len, size_t dots)
{
	return len == dots && memcmp(segment, "..", dots) == 0;
}

/* Takes away the last segment, with the '/' in front of it. */
static size_t step_back(const char *path, size_t len)
{
	while (len > 0 && path[--len] != '/')
		;
	return len;
}

/* RFC 3986, 5.2.4, over one buffer: path[0..to) is done, path[from..len) is to
 * come and begins with '/'.  An empty segment is one like others: "/a//.." is "/a/". */
static size_t remove_dots(char *path, size_t len)
{
	size_t from = 0, to = 0;

	while (from < len) {
		const char *slash = memchr(path + from + 1, '/', len - from - 1);
		size_t end = slash ? (size_t)(slash - path) : len;
		size_t name = end - from - 1;
		bool here = is_dots(path + from + 1, name, 1);
		bool up = is_dots(path + from + 1, name, 2);

		if (up)
			to = step_back(path, to);
		if (!here && !up) {
			memmove(path + to, path + from, end - from);
			to += end - from;
		} else if (end == len) {
			path[to++] = '/';
		}
		from = end;
	}
	return to;
}

ssize_t http_path_normalise(char *out, const char *raw, size_t len)
{
	ssize_t decoded;

	if (len == 0 || raw[0] != '/')
		return -1;
	decoded = decode(out, raw, len);
	if (decoded < 0)
		return -1;
	len = remove_dots(out, (size_t)decoded);
	out[len] = '\0';
	return (ssize_t)len;
}
