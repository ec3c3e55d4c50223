/* SPDX-License-Identifier: MIT */
/*
 * ini_text.h - a whole file in memory.
 */
#ifndef PORTICO_CONFIG_INI_TEXT_H
#define PORTICO_CONFIG_INI_TEXT_H

#include <stddef.h>
#include <sys/stat.h>

struct ini_text {
	char       *bytes;       /* from malloc, not ended by a NUL */
	size_t      len;         /* 1..INI_FILE */
	struct stat st;          /* of the file that was read */
};

/* Regular files only: a FIFO or a terminal would hang a reload.  -1 with
 * *why, a constant sentence or strerror(3)'s, and the errno of open(2) or
 * read(2), or EINVAL: no regular file, empty, larger than INI_FILE. */
int  ini_text_open(struct ini_text *t, const char *name, const char **why);
void ini_text_close(struct ini_text *t);

#endif
