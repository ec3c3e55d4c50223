/* SPDX-License-Identifier: MIT */
/*
 * vt.h - what a terminal shows: takes the bytes that a program sends to TERM=vt100 or
 * TERM=xterm, as ncurses uses them, and keeps the screen.
 */
#ifndef SYSTEM_VT_H
#define SYSTEM_VT_H

#include <stdbool.h>
#include <stddef.h>

enum { VT_ROWS = 100, VT_COLUMNS = 250, VT_NUMBERS = 16 };

struct vt {
	int  rows, columns;
	int  row, column;            /* the cursor; column == columns: the next one wraps */
	int  top, bottom;            /* the part that scrolls */
	bool reverse;                /* what is printed now */
	bool alternate, hidden;      /* the screen, the cursor */
	char cells[VT_ROWS][VT_COLUMNS][5];      /* a character as UTF-8 has it */
	bool reversed[VT_ROWS][VT_COLUMNS];

	enum { VT_TEXT, VT_ESCAPE, VT_CHARSET, VT_CSI, VT_OSC } state;
	char mark;                   /* '?' or '>' in front of the numbers */
	int  numbers[VT_NUMBERS];
	int  count;
	char last[5];                /* for REP */
	char wide[5];                /* a character that is not whole yet */
	int  have, missing;          /* its bytes */
	const char *unknown;         /* the first sequence that is not understood; NULL: none */
};

/* Clears it.  Also for another size; programs draw anew then. */
void vt_init(struct vt *vt, int rows, int columns);
void vt_feed(struct vt *vt, const char *data, size_t len);

/* A row without the blanks at its end, and all of them, each with a newline; static. */
const char *vt_row(const struct vt *vt, int row);
const char *vt_text(const struct vt *vt);

#endif
