/* SPDX-License-Identifier: MIT */
/*
 * schema_value.h - one value of an option: private to schema*.c.
 */
#ifndef PORTICO_CONFIG_SCHEMA_VALUE_H
#define PORTICO_CONFIG_SCHEMA_VALUE_H

#include "base/arena.h"
#include "portico.h"

extern const char schema_no_memory[];    /* the sentence when none can be made */

/* As schema_set(), for an option of a known table. */
int schema_set_field(const struct portico_option *o, void *base, struct arena *mem,
	const char *value, const char **why);

/* Both make a sentence in mem and give -1. */
int schema_bad_table(const struct portico_option *o, struct arena *mem, const char **why);
int schema_explain(struct arena *mem, const char **why, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
