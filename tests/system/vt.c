/* SPDX-License-Identifier: MIT */
/*
 * vt.c - what a terminal shows: ECMA-48 as far as ncurses uses it.
 */
#include "vt.h"

#include <stdio.h>
#include <string.h>

/* ---- cells ---- */

static void set_cell(struct vt *vt, int row, int column, const char *c)
{
	snprintf(vt->cells[row][column], sizeof(vt->cells[row][column]), "%s", c);
	vt->reversed[row][column] = vt->reverse && *c != ' ';
}

static void blank(struct vt *vt, int row, int from, int to)
{
	for (int i = from; i < to && i < vt->columns; i++) {
		strcpy(vt->cells[row][i], " ");
		vt->reversed[row][i] = false;
	}
}

static void copy_row(struct vt *vt, int to, int from)
{
	memcpy(vt->cells[to], vt->cells[from], sizeof(vt->cells[to]));
	memcpy(vt->reversed[to], vt->reversed[from], sizeof(vt->reversed[to]));
}

/* Rows from...bottom go up by n; down if it is negative. */
static void scroll(struct vt *vt, int from, int n)
{
	int height = vt->bottom - from + 1, count = n < 0 ? -n : n;

	if (count > height)
		count = height;
	for (int i = 0; i < height - count; i++) {
		int to = n > 0 ? from + i : vt->bottom - i;
		copy_row(vt, to, n > 0 ? to + count : to - count);
	}
	for (int i = 0; i < count; i++)
		blank(vt, n > 0 ? vt->bottom - i : from + i, 0, vt->columns);
}

static void feed_line(struct vt *vt)
{
	if (vt->row == vt->bottom)
		scroll(vt, vt->top, 1);
	else if (vt->row < vt->rows - 1)
		vt->row++;
}

static void print(struct vt *vt, const char *c)
{
	if (vt->column >= vt->columns) {
		vt->column = 0;
		feed_line(vt);
	}
	set_cell(vt, vt->row, vt->column++, c);
	snprintf(vt->last, sizeof(vt->last), "%.4s", c);
}

/* Characters right of the cursor move by n; to the left if it is negative. */
static void shift(struct vt *vt, int n)
{
	int row = vt->row, from = vt->column, width = vt->columns - from;

	if (width <= 0)
		return;
	if (n > 0 && n < width)
		memmove(vt->cells[row][from + n], vt->cells[row][from],
			(size_t)(width - n) * sizeof(vt->cells[row][from]));
	if (n < 0 && -n < width)
		memmove(vt->cells[row][from], vt->cells[row][from - n],
			(size_t)(width + n) * sizeof(vt->cells[row][from]));
	if (n > 0)
		blank(vt, row, from, from + n);
	else
		blank(vt, row, -n < width ? vt->columns + n : from, vt->columns);
}

/* ---- sequences ---- */

static int number(const struct vt *vt, int index, int otherwise)
{
	return index < vt->count && vt->numbers[index] > 0 ? vt->numbers[index] : otherwise;
}

static int within(int value, int most)
{
	if (value < 0)
		return 0;
	return value > most ? most : value;
}

static void go(struct vt *vt, int row, int column)
{
	vt->row = within(row, vt->rows - 1);
	vt->column = within(column, vt->columns - 1);
}

static void erase_display(struct vt *vt)
{
	int how = number(vt, 0, 0);

	for (int i = 0; i < vt->rows; i++) {
		bool all = how == 2 || (how == 0 && i > vt->row) || (how == 1 && i < vt->row);
		if (all)
			blank(vt, i, 0, vt->columns);
		else if (i == vt->row)
			blank(vt, i, how == 0 ? vt->column : 0, how == 0 ? vt->columns : vt->column + 1);
	}
}

static void erase_line(struct vt *vt)
{
	int how = number(vt, 0, 0);

	blank(vt, vt->row, how == 0 ? vt->column : 0, how == 1 ? vt->column + 1 : vt->columns);
}

static void set_look(struct vt *vt)
{
	if (vt->count == 0)
		vt->reverse = false;
	for (int i = 0; i < vt->count; i++) {
		if (vt->numbers[i] == 7)
			vt->reverse = true;
		else if (vt->numbers[i] <= 0 || vt->numbers[i] == 27)
			vt->reverse = false;
	}
}

static void set_mode(struct vt *vt, bool on)
{
	for (int i = 0; i < vt->count; i++) {
		if (vt->mark == '?' && vt->numbers[i] == 1049)
			vt->alternate = on;
		if (vt->mark == '?' && vt->numbers[i] == 25)
			vt->hidden = !on;
	}
}

static void set_region(struct vt *vt)
{
	vt->top = within(number(vt, 0, 1) - 1, vt->rows - 1);
	vt->bottom = within(number(vt, 1, vt->rows) - 1, vt->rows - 1);
	go(vt, 0, 0);
}

static void repeat(struct vt *vt)
{
	char c[5];

	memcpy(c, vt->last, sizeof(c));
	for (int i = number(vt, 0, 1); i > 0; i--)
		print(vt, c);
}

static void do_csi(struct vt *vt, char final)
{
	int n = number(vt, 0, 1);

	switch (final) {
	case 'A': go(vt, vt->row - n, vt->column); break;
	case 'B': go(vt, vt->row + n, vt->column); break;
	case 'C': go(vt, vt->row, vt->column + n); break;
	case 'D': go(vt, vt->row, vt->column - n); break;
	case 'G': go(vt, vt->row, n - 1); break;
	case 'd': go(vt, n - 1, vt->column); break;
	case 'H': go(vt, n - 1, number(vt, 1, 1) - 1); break;
	case 'J': erase_display(vt); break;
	case 'K': erase_line(vt); break;
	case 'L': scroll(vt, vt->row, -n); break;
	case 'M': scroll(vt, vt->row, n); break;
	case 'P': shift(vt, -n); break;
	case 'S': scroll(vt, vt->top, n); break;
	case 'T': scroll(vt, vt->top, -n); break;
	case 'X': blank(vt, vt->row, vt->column, vt->column + n); break;
	case '@': shift(vt, n); break;
	case 'b': repeat(vt); break;
	case 'h': set_mode(vt, true); break;
	case 'l': set_mode(vt, false); break;
	case 'm': set_look(vt); break;
	case 'r': set_region(vt); break;
	case 't': break;         /* the title */
	default:
		if (!vt->unknown)
			vt->unknown = "a CSI sequence";
	}
	vt->state = VT_TEXT;
}

static void take_csi(struct vt *vt, char c)
{
	if (c == '?' || c == '>') {
		vt->mark = c;
	} else if (c >= '0' && c <= '9') {
		if (vt->count == 0)
			vt->numbers[vt->count++] = 0;
		if (vt->numbers[vt->count - 1] < 10000)
			vt->numbers[vt->count - 1] = vt->numbers[vt->count - 1] * 10 + (c - '0');
	} else if (c == ';') {
		if (vt->count == 0)
			vt->numbers[vt->count++] = 0;
		if (vt->count < VT_NUMBERS)
			vt->numbers[vt->count++] = 0;
	} else {
		do_csi(vt, c);
	}
}

static void take_escape(struct vt *vt, char c)
{
	vt->state = VT_TEXT;
	switch (c) {
	case '[':
		vt->state = VT_CSI;
		vt->count = 0;
		vt->mark = 0;
		break;
	case ']': vt->state = VT_OSC; break;
	case '(':
	case ')': vt->state = VT_CHARSET; break;
	case 'M':
		if (vt->row == vt->top)
			scroll(vt, vt->top, -1);
		else if (vt->row > 0)
			vt->row--;
		break;
	case '7': case '8': case '=': case '>': break;
	default:
		if (!vt->unknown)
			vt->unknown = "an ESC sequence";
	}
}

/* The bytes of a character may come in two pieces. */
static void take_wide(struct vt *vt, unsigned char c)
{
	if (c >= 0xc0) {
		vt->have = 0;
		vt->missing = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	} else if (vt->missing > 0) {
		vt->missing--;
	}
	if (vt->have < 4)
		vt->wide[vt->have++] = (char)c;
	vt->wide[vt->have] = '\0';
	if (vt->missing > 0)
		return;
	vt->have = 0;
	print(vt, vt->wide);
}

static void take_text(struct vt *vt, char c)
{
	if ((unsigned char)c >= 0x80) {
		take_wide(vt, (unsigned char)c);
	} else if (c == '\033') {
		vt->state = VT_ESCAPE;
	} else if (c == '\r') {
		vt->column = 0;
	} else if (c == '\n') {
		feed_line(vt);
	} else if (c == '\b') {
		go(vt, vt->row, vt->column - 1);
	} else if (c == '\t') {
		go(vt, vt->row, (vt->column / 8 + 1) * 8);
	} else if (c >= ' ') {
		print(vt, (char[]){ c, '\0' });
	}
}

void vt_feed(struct vt *vt, const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (vt->state) {
		case VT_TEXT: take_text(vt, data[i]); break;
		case VT_ESCAPE: take_escape(vt, data[i]); break;
		case VT_CSI: take_csi(vt, data[i]); break;
		case VT_CHARSET: vt->state = VT_TEXT; break;
		case VT_OSC: vt->state = data[i] == '\a' ? VT_TEXT : VT_OSC; break;
		}
	}
}

void vt_init(struct vt *vt, int rows, int columns)
{
	memset(vt, 0, sizeof(*vt));
	vt->rows = within(rows, VT_ROWS);
	vt->columns = within(columns, VT_COLUMNS);
	vt->bottom = vt->rows - 1;
	for (int i = 0; i < vt->rows; i++)
		blank(vt, i, 0, vt->columns);
}

/* ---- what is seen ---- */

static size_t write_row(const struct vt *vt, int row, char *out)
{
	size_t len = 0, end = 0;

	for (int i = 0; i < vt->columns; i++) {
		const char *c = vt->cells[row][i];
		memcpy(out + len, c, strlen(c));
		len += strlen(c);
		if (strcmp(c, " ") != 0)
			end = len;
	}
	out[end] = '\0';
	return end;
}

const char *vt_row(const struct vt *vt, int row)
{
	static char text[VT_COLUMNS * 4 + 1];

	write_row(vt, row, text);
	return text;
}

const char *vt_text(const struct vt *vt)
{
	static char text[VT_ROWS * (VT_COLUMNS * 4 + 2)];
	size_t len = 0;

	for (int i = 0; i < vt->rows; i++) {
		len += write_row(vt, i, text + len);
		text[len++] = '\n';
	}
	text[len] = '\0';
	return text;
}
