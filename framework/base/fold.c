/* SPDX-License-Identifier: MIT */
/*
 * fold.c - long sentences on narrow pages.
 */
#include "base/fold.h"

#include <stdbool.h>
#include <string.h>

/* All bytes of a character but its first: RFC 3629. */
static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

size_t fold_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += !continues(*text);
	return columns;
}

size_t fold_cut(const char *text, size_t columns)
{
	size_t len = 0;

	while (text[len] && (columns > 0 || continues(text[len])))
		columns -= !continues(text[len++]);
	return len;
}

size_t fold_line(const char *text, size_t columns, size_t *skip)
{
	size_t len = fold_cut(text, columns > 0 ? columns : 1), end = len;

	if (text[len] && text[len] != ' ') {
		while (end > 0 && text[end - 1] != ' ')
			end--;
		if (end > 0)
			len = end;
	}
	*skip = strspn(text + len, " ");
	return len;
}
