/* SPDX-License-Identifier: MIT */
/*
 * no_memory.h - calloc(3) that fails when a test wants it to (ld's --wrap).
 */
#ifndef PORTICO_UNIT_NO_MEMORY_H
#define PORTICO_UNIT_NO_MEMORY_H

#include <stddef.h>

/* The framework's next calloc(1, size) gives NULL. */
void no_memory_for(size_t size);

/* Whether it has. */
int no_memory_was_told(void);

#endif
