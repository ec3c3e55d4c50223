/* SPDX-License-Identifier: MIT */
/*
 * spares.c - memory of one size that comes and goes all the time.
 */
#include "base/spares.h"

#include <stdlib.h>
#include <string.h>

struct spare {
	struct spare *next;
};

static void *take_first(struct spares *s)
{
	struct spare *p = s->first;

	s->first = p->next;
	s->count--;
	return p;
}

void *spares_take(struct spares *s, size_t size)
{
	if (!s->first)
		return calloc(1, size);
	return memset(take_first(s), 0, size);
}

void spares_give(struct spares *s, void *piece)
{
	struct spare *p = piece;

	if (s->count + 1 > SPARES_KEPT) {        /* none are kept where addresses are sanitized */
		free(p);
		return;
	}
	p->next = s->first;
	s->first = p;
	s->count++;
}

void spares_fini(struct spares *s)
{
	while (s->first)
		free(take_first(s));
}
