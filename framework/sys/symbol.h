/* SPDX-License-Identifier: MIT */
/*
 * symbol.h - the name of the function at an address of an ELF file's, static ones too (elf(5)).
 *
 * dladdr(3) knows only what a file exports; the file itself knows more, unless it was stripped.
 * Safe in a signal handler.
 */
#ifndef PORTICO_SYS_SYMBOL_H
#define PORTICO_SYS_SYMBOL_H

#include <stddef.h>
#include <stdint.h>

/* base: where the file at path is mapped in this process; offset: from there.  Writes the name to
 * out, cut if it is too long, and to *into how far behind the function's begin offset is.  -1: it has no name, the file
 * cannot be read (any more), or is another one than the one in memory. */
int symbol_find(const char *path, const void *base, uintptr_t offset, char *out, size_t size,
	uintptr_t *into);

#endif
