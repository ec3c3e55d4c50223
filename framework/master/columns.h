/* SPDX-License-Identifier: MIT */
/*
 * columns.h - the table of slots: what stands in it, and what goes first when a page is narrow.
 */
#ifndef PORTICO_MASTER_COLUMNS_H
#define PORTICO_MASTER_COLUMNS_H

#include <jansson.h>
#include <stddef.h>

enum column {
	COLUMN_SLOT, COLUMN_PID, COLUMN_GENERATION, COLUMN_STATE, COLUMN_SHARE, COLUMN_BAR,
	COLUMN_ACTIVE, COLUMN_QUEUE, COLUMN_RATE, COLUMN_BUSY, COLUMN_P50, COLUMN_P99, COLUMN_RSS,
	COLUMN_RESTARTS, COLUMN_ACCEPTED, COLUMN_ANSWERED,
	COLUMNS_ALL
};

enum { COLUMNS_CELL = 64, COLUMNS_LINE = 512 };

/* Bits of enum column: the most important that fit side by side.  The slot always does. */
unsigned columns_fit(size_t width);

/* Writes the titles, or the row of slot, of the columns in set. */
void columns_titles(unsigned set, char out[COLUMNS_LINE]);
void columns_row(unsigned set, const json_t *slot, char out[COLUMNS_LINE]);

#endif
