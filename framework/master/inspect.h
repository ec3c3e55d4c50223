/* SPDX-License-Identifier: MIT */
/*
 * inspect.h - what a plugin's shared object says of itself, found in a child.
 */
#ifndef PORTICO_MASTER_INSPECT_H
#define PORTICO_MASTER_INSPECT_H

#include <jansson.h>
#include <limits.h>

/* What a person called word: with a / it is a path, else a file here or one in the plugins'
 * directory.  The path in out holds a /.  -1 and a sentence on standard error if there is none. */
int inspect_find(const char *word, char out[PATH_MAX]);

/* Loads the object at path in a child, so that nothing it does can hurt who asks, and gives what is
 * to be told of it: a new reference.  If it is no plugin for us, "problem" says why.  NULL if it did
 * not come to that: it crashed, ended or hung; a sentence is on standard error. */
json_t *inspect(const char *path);

/* portico plugin: the exit code.  How much is told, and in which form. */
enum inspect_form { INSPECT_TEXT, INSPECT_JSON, INSPECT_INI };
int inspect_tell(const char *word, enum inspect_form form);

#endif
