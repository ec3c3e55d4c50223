/* SPDX-License-Identifier: MIT */
/*
 * files_rig.h - what the tests of the plugin files share: a root with files in it, served on
 * port 8080 by one worker, and requests with the headers of the test's choice.
 */
#ifndef SYSTEM_FILES_RIG_H
#define SYSTEM_FILES_RIG_H

#include <stddef.h>

#include "client.h"
#include "server.h"

#define ALPHABET "0123456789abcdefghijklmnopqrstuvwxyz"
#define BIRTHDAY "Sun, 06 Nov 1994 08:49:37 GMT"

/* Makes www: a.txt (ALPHABET, of BIRTHDAY), dir/, dir/index.html ("index\n"), empty/. */
void files_make(void);
void files_link(const char *to, const char *name);
/* name gets so many bytes, made by files_byte(). */
void files_fill(const char *name, size_t len);
char files_byte(size_t at);
/* The file's time of change, in seconds since 1970. */
void files_date(const char *name, long when);

/* more: lines of [handler web /], "" for none. */
struct server *files_start(const char *more);

/* GET path with headers ("A: b\r\n...", "" for none): the answer's status. */
int files_get(const char *path, const char *headers, struct response *r);
int files_ask(const char *method, const char *path, const char *headers, struct response *r);
/* The header has that value; NULL: it is absent. */
void files_has_header(const struct response *r, const char *name, const char *value);

#endif
