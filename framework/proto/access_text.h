/* SPDX-License-Identifier: MIT */
/*
 * access_text.h - what a client sent, as it may stand in a log.
 *
 * Pure.  Nothing in it can end a line, a field or a string, or speak to the terminal of who
 * reads it: combined has quotes, backslashes and all that is not printable ASCII as \", \\
 * and \xHH; JSON is what RFC 8259 allows, valid UTF-8 as it is, and every byte that is none,
 * and NUL, as \\xHH.
 */
#ifndef PORTICO_PROTO_ACCESS_TEXT_H
#define PORTICO_PROTO_ACCESS_TEXT_H

#include <stddef.h>

struct access_text {             /* at NULL: there is none */
	const char *at;
	size_t      len;
};

enum access_style { ACCESS_COMBINED, ACCESS_JSON };

/* Writes t at at, most bytes at most, the last three of which are for "..." behind one that is cut.
 * Gives where it ends. */
char *access_put_text(char *at, struct access_text t, size_t most, enum access_style style);

#endif
