/* SPDX-License-Identifier: MIT */
/* no_memory.c - calloc(3) that fails when a test wants it to (ld's --wrap). */
#include "no_memory.h"

#include <stdlib.h>

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static size_t next;
static int told;

void no_memory_for(size_t size)
{
	next = size;
	told = 0;
}

int no_memory_was_told(void)
{
	return told;
}

void *__wrap_calloc(size_t count, size_t size)
{
	if (next == 0 || count != 1 || size != next)
		return __real_calloc(count, size);
	next = 0;
	told = 1;
	return NULL;
}
