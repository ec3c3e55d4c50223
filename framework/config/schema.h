/* SPDX-License-Identifier: MIT */
/*
 * schema.h - option tables: the same for portico's own sections and for
 * plugins (struct portico_option in portico.h).
 */
#ifndef PORTICO_CONFIG_SCHEMA_H
#define PORTICO_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "portico.h"

/* A table and the struct that it fills.  stride is the plugin's option_size,
 * which an older header made smaller: members it does not have are taken as 0. */
struct schema {
	const struct portico_option *options;   /* ends with { 0 }; NULL: none */
	size_t                       stride;
};

/* Number i of the table, in full; false past its end. */
bool schema_option(const struct schema *s, size_t i, struct portico_option *out);

/* Puts value into its field of base.  Strings are copied into mem.  section is
 * what stands in the brackets.  0; -1 with *why, a sentence made in mem:
 * "greetign is not an option of [handler web]; did you mean greeting?",
 * "drain = 20x: not a time; write 250ms, 30s, 5m or 1h". */
int schema_set(const struct schema *s, void *base, struct arena *mem,
	const char *key, const char *value, const char *section, const char **why);
bool schema_has(const struct schema *s, const char *key);

/* The option that is most likely meant by key, as text_nearest() sees it; NULL
 * if none is.  Borrowed from the table. */
const char *schema_nearest(const struct schema *s, const char *key);

/* Fills every field with its fallback; fields whose option is required stay
 * zero.  Call it before schema_set(). -1 with *why when the table itself is wrong (a bug
 * of its author): unknown type, fallback that its own range refuses, a string with a range. */
int schema_defaults(const struct schema *s, void *base, struct arena *mem, const char **why);

#endif
