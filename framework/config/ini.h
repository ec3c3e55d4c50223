/* SPDX-License-Identifier: MIT */
/*
 * ini.h - an ini file and what it includes, as sections and entries with lines.
 *
 *	struct ini ini = {.mem = &arena, .problems = &problems,
 *		.include_section = "portico", .include_key = "include"};
 *	if (ini_load(&ini, "/etc/portico.ini") == 0)
 *		for (s = ini.sections; s != NULL; s = s->next) ...
 *
 * The form of a line is inih's: [section], key = value or key: value, a
 * comment after ; or # at a line's start and after " ;" within a line.  On
 * top of it: an indented line is a line like any other, ${VAR} and
 * ${VAR:default} in a value stand for an environment variable, $$ for one $,
 * and nothing is ever cut, joined, ignored or guessed.  Quotes mean nothing.
 */
#ifndef PORTICO_CONFIG_INI_H
#define PORTICO_CONFIG_INI_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/arena.h"
#include "config/problem.h"

enum {
	INI_LINE = 1024,         /* bytes in a line, without its end */
	INI_SECTION = 49,        /* bytes between the brackets: inih's limit */
	INI_KEYS = 1000,         /* in a section */
	INI_SECTIONS = 1000,     /* in all files together */
	INI_FILE = 1 << 20,      /* bytes in a file */
	INI_FILES = 256,
	INI_DEPTH = 8,           /* files in a chain of includes, the main one counted */
};

struct ini_entry {
	const char       *key;
	const char       *value; /* expanded; NULL: refused, a problem was told */
	unsigned          line;
	struct ini_entry *next;
};

struct ini_section {
	const char         *name;    /* what the brackets hold, one space between words */
	const char         *file;    /* as it was opened */
	unsigned            line;
	bool                main;    /* it stands in the main file */
	struct ini_entry   *entries; /* in the order of the file; no key twice */
	size_t              entry_count;
	struct ini_section *next;
};

struct ini_file;

struct ini {
	/* Set by the caller, who owns what they point to. */
	struct arena       *mem;
	struct problems    *problems;
	const char         *include_section; /* NULL: there are no includes */
	const char         *include_key;
	const char         *repeated;        /* first word of sections that may stand often; NULL */

	/* The result: the main file's first, then each included file's.  No
	 * name twice but those repeated; include_section may stand once in every file. */
	struct ini_section *sections;
	size_t              section_count;
	bool                incomplete; /* a section or a file was refused as a whole:
					 * do not conclude that something is missing */

	/* Where reading stands: ini.c's own. */
	struct ini_section *last;
	struct ini_file    *files;      /* the newest first */
	size_t              file_count;
};

/* Reads file and what it includes into ini, whose other members are zero.
 * Everything lives in ini->mem.  Goes on after a problem.  -1 with the errno
 * of open(2) or read(2) if file itself could not be read (EINVAL: it is no regular file
 * or too large), which was told too, and ENOMEM. */
int ini_load(struct ini *ini, const char *file);

/* The entry with that key; NULL without one. */
const struct ini_entry *ini_find(const struct ini_section *s, const char *key);

/* path as seen from the directory of file, in mem: file's directory, a '/'
 * and path, or path alone if it begins with '/'.  It always holds a '/'.
 * NULL and ENOMEM. */
char *ini_relative(struct arena *mem, const char *file, const char *path);

#endif
