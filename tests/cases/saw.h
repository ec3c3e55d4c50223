/* SPDX-License-Identifier: MIT */
/*
 * saw.h - one line that tells what a handler was shown of a request:
 *
 *	METHOD PATH ?QUERY @HOST x=VALUE [BODY]
 *
 * VALUE is the field X's.  What is not there is left out.  Spaces, control
 * bytes and bytes over 0x7e are told as \xNN, so that no request can make a
 * line look like another one.  Shared by tests/plugins/tell.c, which says it
 * of a live request, and by the tests that compare.
 */
#ifndef PORTICO_TESTS_SAW_H
#define PORTICO_TESTS_SAW_H

#include <stddef.h>
#include <stdio.h>

struct saw {
	char   text[8192];
	size_t len;
};

static inline void saw_byte(struct saw *s, unsigned char c)
{
	char text[8];
	int len = c > ' ' && c < 0x7f && c != '\\' ? snprintf(text, sizeof(text), "%c", c)
						   : snprintf(text, sizeof(text), "\\x%02x", c);

	for (int i = 0; i < len && s->len < sizeof(s->text) - 1; i++)
		s->text[s->len++] = text[i];
	s->text[s->len] = '\0';
}

/* A part with what stands in front of it and behind it, which are told as they are. */
static inline void saw_part(struct saw *s, const char *before, const char *part, size_t len,
	const char *after)
{
	for (; *before && s->len < sizeof(s->text) - 1; before++)
		s->text[s->len++] = *before;
	s->text[s->len] = '\0';
	for (size_t i = 0; i < len; i++)
		saw_byte(s, (unsigned char)part[i]);
	for (; *after && s->len < sizeof(s->text) - 1; after++)
		s->text[s->len++] = *after;
	s->text[s->len] = '\0';
}

#endif
