/* SPDX-License-Identifier: MIT */
/*
 * table_rig.h - a table of the least size, and what is expected of it.
 */
#ifndef PORTICO_UNIT_TABLE_RIG_H
#define PORTICO_UNIT_TABLE_RIG_H

#include "sys/table.h"

extern struct table *table;

void table_set_up(void);
void table_tear_down(void);

#define TABLE_SUITE(name) \
	TestSuite(name, .init = table_set_up, .fini = table_tear_down, .timeout = 120)

struct table_key key_of(const char *text);
struct table_value value_of(const char *text, double ttl);       /* ttl: seconds; 0: for ever */

/* Puts entries until there is no room.  Gives how many went in. */
size_t fill(const char *prefix, double ttl);

void expect_fill(size_t entries, size_t cells);

#endif
