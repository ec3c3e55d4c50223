/* SPDX-License-Identifier: MIT */
/*
 * problem.c - tell what is wrong with a configuration, and keep count.
 */
#include "config/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SENTENCE = 4096 }; /* longer ones are cut: values can be long */

/* What is quoted may come from the environment or a file's name. */
static void replace_controls(char *s)
{
	for (; *s != '\0'; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			*s = '?';
	}
}

void problems_add(struct problems *p, const char *file, unsigned line, const char *fmt, ...)
{
	char text[SENTENCE];
	va_list args;

	if (p->count++ >= p->most)
		return;
	int len = line > 0 ? snprintf(text, sizeof(text) / 2, "%s:%u: ", file, line)
			   : snprintf(text, sizeof(text) / 2, "%s: ", file);
	size_t head = len > 0 ? strlen(text) : 0;
	va_start(args, fmt);
	len = vsnprintf(text + head, sizeof(text) - head, fmt, args);
	va_end(args);
	if (len >= (int)(sizeof(text) - head))
		memcpy(text + sizeof(text) - 4, "...", 4);
	replace_controls(text);
	p->tell(p->arg, text);
}

void problems_end(struct problems *p)
{
	char text[64];

	if (p->count <= p->most)
		return;
	snprintf(text, sizeof(text), "and %zu more", p->count - p->most);
	p->tell(p->arg, text);
}
