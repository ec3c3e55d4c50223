/* SPDX-License-Identifier: MIT */
/*
 * facts.h - what a master said of itself, for those who show it.
 *
 * The master may be older than this binary, and a figure may not be there yet: what is
 * missing or null reads "-" or NAN, and units.h tells NAN as "-".
 */
#ifndef PORTICO_MASTER_FACTS_H
#define PORTICO_MASTER_FACTS_H

#include <jansson.h>
#include <stddef.h>

enum { FACTS_WHOLE = 24 };

/* Makes a fresh answer fit to be shown: no control characters in any string (the name of a
 * stranger's program is the stranger's choice), and a verdict and slots if an older master gave none. */
void facts_prepare(json_t *status);

const char *facts_text(const json_t *o, const char *key);      /* borrowed from o */
double      facts_number(const json_t *o, const char *key);
/* Every digit, as a pid is read; "-". */
const char *facts_whole(const json_t *o, const char *key, char out[FACTS_WHOLE]);
/* "crash", "crashes": the number with the word that fits; "-" and the second without one. */
const char *facts_count(const json_t *o, const char *key, const char *one, const char *many,
	char *out, size_t room);
/* [a, b] as "a, b". */
const char *facts_list(const json_t *array, char *out, size_t room);

#endif
