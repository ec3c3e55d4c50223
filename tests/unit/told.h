/* SPDX-License-Identifier: MIT */
/*
 * told.h - what the tests of readers of files share: a directory with files
 * in it, and every sentence that was said of them.
 */
#ifndef PORTICO_UNIT_TOLD_H
#define PORTICO_UNIT_TOLD_H

#include <stddef.h>

extern char dir[64];             /* of the test's own */
extern char told[1 << 16];       /* every sentence and a newline, without the directory */

void told_set_up(void);
void told_tear_down(void);

/* For who reads the files: notes one sentence. */
void hear(void *arg, const char *sentence);

const char *path_of(const char *name);           /* until the next call */
void put(const char *name, const char *text);
void put_bytes(const char *name, const char *text, size_t len);

#endif
