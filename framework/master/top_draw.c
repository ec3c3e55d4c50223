/* SPDX-License-Identifier: MIT */
/*
 * top_draw.c - the screen of top.
 *
 *	verdict                          at most two lines
 *	the master                       on a high screen
 *	slot  pid ...                    titles
 *	rows                             what does not fit scrolls
 *	notes                            canary, strangers, ...; half of the room at most
 *	question, outcome or keys        at the bottom
 *
 * Everything is drawn each time, ncurses sends what changed.  A screen may have any size: a part
 * without room is left out.
 */
#include "master/top_draw.h"

#include <langinfo.h>
#include <ncurses.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/fold.h"
#include "base/units.h"
#include "master/columns.h"
#include "master/facts.h"
#include "master/notes.h"
#include "master/top_view.h"

enum { HIGH = 16, NOTES = 12, LATE = 3 };
enum { PAIR_BAD = 1, PAIR_ODD };

static const char keys_line[] = "q quit  ? help  j/k select  d drain  x replace  r reload  "
	"p promote  b roll back";

static const char *const help_lines[] = {
	"up, k / down, j   select a slot",
	"d  drain the slot: new clients go to others, until d is pressed again",
	"x  replace the slot's worker; the old one finishes what it has",
	"r  reload: new workers with the configuration as it is now",
	"p  promote the canary       b  roll it back",
	"space  ask the server now   q  quit",
	"",
	"share: of the new clients that came, the slot's part, and the part it was due;",
	"   the bar ends at the bar's middle, |, when they are the same",
	"queue: connections that wait to be accepted, and how many may",
	"busy: the part of the time that the worker's loop worked",
	"",
	"any key goes back",
};

/* Free lines: from top to before bottom. */
struct page {
	int top, bottom;
};

struct note {
	bool warns;
	char text[TOP_SENTENCE];
};

struct notes {
	struct note all[NOTES];
	size_t      count;
	size_t      more;        /* that found no place */
};

static bool speaks_utf8;
static chtype bad = A_BOLD, odd = A_NORMAL;

void top_draw_init(void)
{
	speaks_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	if (!has_colors())
		return;
	start_color();
	use_default_colors();
	init_pair(PAIR_BAD, COLOR_RED, -1);
	init_pair(PAIR_ODD, COLOR_YELLOW, -1);
	bad = A_BOLD | (chtype)COLOR_PAIR(PAIR_BAD);
	odd = (chtype)COLOR_PAIR(PAIR_ODD);
}

/* ---- lines ---- */

/* For a terminal that has no more than ASCII. */
static size_t to_ascii(char *out, const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] < 0x80)
			out[n++] = text[i];
		else if (strncmp(text + i, "×", 2) == 0)
			out[n++] = 'x';
		else if (strncmp(text + i, "µ", 2) == 0)
			out[n++] = 'u';
		else if (((unsigned char)text[i] & 0xc0) == 0xc0)
			out[n++] = '?';
	return n;
}

static void put(int row, const char *text, size_t len, chtype attributes)
{
	char ascii[TOP_SENTENCE];
	size_t fits = fold_cut(text, (size_t)COLS);

	if (len > fits)
		len = fits;
	if (len > sizeof(ascii))
		len = sizeof(ascii);
	attrset(attributes);
	if (speaks_utf8)
		mvaddnstr(row, 0, text, (int)len);
	else
		mvaddnstr(row, 0, ascii, (int)to_ascii(ascii, text, len));
	attrset(A_NORMAL);
}

static int count_lines(const char *text, int most)
{
	size_t len, skip;
	int lines = 0;

	for (; lines < most && (len = fold_line(text, (size_t)COLS, &skip)) > 0; text += len + skip)
		lines++;
	return lines;
}

/* From row on, at most so many lines.  Gives how many. */
static int put_lines(int row, int most, const char *text, chtype attributes)
{
	size_t len, skip;
	int lines = 0;

	for (; lines < most && (len = fold_line(text, (size_t)COLS, &skip)) > 0; text += len + skip)
		put(row + lines++, text, len, attributes);
	return lines;
}

/* ---- the bottom ---- */

static const char *bottom_text(const struct top_view *v, char *out, size_t room)
{
	char age[UNITS_TEXT];

	if (v->proposal)
		snprintf(out, room, "%s? y/n", v->operation);
	else if (v->said[0])
		snprintf(out, room, "%s", v->said);
	else if (v->errand.pid)
		snprintf(out, room, "under way: %s, %s", v->operation,
			units_seconds(clock_seconds() - v->errand.since, age));
	else
		snprintf(out, room, "%s", keys_line);
	return out;
}

static chtype bottom_attributes(const struct top_view *v)
{
	if (v->proposal)
		return A_REVERSE | A_BOLD;
	if (v->said[0])
		return v->said_bad ? bad : A_BOLD;
	return v->errand.pid ? odd : A_DIM;
}

static void draw_bottom(const struct top_view *v, struct page *p)
{
	char text[TOP_SENTENCE + 64];
	int most = LINES / 4 > 1 ? LINES / 4 : 1;
	bool is_keys = !v->proposal && !v->said[0] && !v->errand.pid;

	bottom_text(v, text, sizeof(text));
	int lines = count_lines(text, is_keys ? 1 : most);
	p->bottom -= lines;
	put_lines(p->bottom, lines, text, bottom_attributes(v));
}

/* ---- the top ---- */

static void draw_verdict(const struct top_view *v, struct page *p)
{
	char text[2 * TOP_SENTENCE], age[UNITS_TEXT];
	double late = v->asked.pid ? clock_seconds() - v->asked.since : 0.;
	bool is_late = late > LATE;

	if (is_late)
		snprintf(text, sizeof(text), "no answer for %s%s%s", units_seconds(late, age),
			v->status ? "; before: " : "", v->status ? facts_text(v->status, "verdict") : "");
	else if (v->status)
		snprintf(text, sizeof(text), "%s", facts_text(v->status, "verdict"));
	else
		snprintf(text, sizeof(text), "%s%s", v->trouble[0] ? "no server: " : "", v->trouble);
	p->top += put_lines(p->top, p->bottom - p->top < 2 ? p->bottom - p->top : 2, text,
		is_late || !v->status ? bad : A_BOLD);
}

static void draw_master(const struct top_view *v, struct page *p)
{
	char text[TOP_SENTENCE], pid[FACTS_WHOLE], up[UNITS_TEXT], crashes[UNITS_TEXT + 16];
	char stalls[UNITS_TEXT + 16];

	if (LINES < HIGH || !v->status)
		return;
	snprintf(text, sizeof(text), "portico %s, master %s, up %s, %s, %s, %s",
		facts_text(v->status, "version"), facts_whole(v->status, "pid", pid),
		units_seconds(facts_number(v->status, "uptime"), up),
		facts_count(v->status, "crashes", "crash", "crashes", crashes, sizeof(crashes)),
		facts_count(v->status, "stalls", "stall", "stalls", stalls, sizeof(stalls)),
		facts_text(v->status, "file"));
	p->top += put_lines(p->top, 1, text, A_DIM) + 1;
}

/* ---- slots ---- */

static chtype row_attributes(const json_t *slot, bool selected)
{
	const char *state = facts_text(slot, "state");
	chtype attributes = odd;

	if (strcmp(state, "stalled") == 0 || strcmp(state, "resting") == 0
		|| strcmp(state, "down") == 0)
		attributes = bad;
	else if (strcmp(state, "serving") == 0)
		attributes = A_NORMAL;
	return attributes | (selected ? A_REVERSE : A_NORMAL);
}

static void keep_in_sight(struct top_view *v, size_t rows)
{
	size_t count = top_view_slots(v);

	if (count > 0 && v->selected >= count)
		v->selected = count - 1;
	if (v->selected < v->first)
		v->first = v->selected;
	if (v->selected >= v->first + rows)
		v->first = v->selected - rows + 1;
	if (v->first + rows > count)
		v->first = count > rows ? count - rows : 0;
}

static void draw_titles(const struct top_view *v, int row, unsigned columns, size_t rows)
{
	char line[COLUMNS_LINE], part[64];
	size_t count = top_view_slots(v);

	columns_titles(columns, line);
	put(row, line, strlen(line), A_UNDERLINE);
	if (rows >= count)
		return;
	int n = snprintf(part, sizeof(part), " %zu-%zu of %zu", v->first, v->first + rows - 1, count);
	if (fold_columns(line) + (size_t)n <= (size_t)COLS)
		mvaddnstr(row, COLS - n, part, n);
}

static void draw_slots(struct top_view *v, struct page *p, size_t rows)
{
	const json_t *slots = json_object_get(v->status, "slots");
	unsigned columns = columns_fit((size_t)COLS);
	char line[COLUMNS_LINE];

	if (rows == 0)
		return;
	keep_in_sight(v, rows);
	draw_titles(v, p->top++, columns, rows);
	for (size_t i = v->first; i < v->first + rows && i < top_view_slots(v); i++) {
		columns_row(columns, json_array_get(slots, i), line);
		put(p->top++, line, strlen(line), row_attributes(json_array_get(slots, i), i == v->selected));
	}
}

/* ---- notes ---- */

static void take_note(void *arg, bool warns, const char *sentence)
{
	struct notes *n = arg;

	if (n->count == NOTES) {
		n->more++;
		return;
	}
	n->all[n->count].warns = warns;
	snprintf(n->all[n->count++].text, TOP_SENTENCE, "%s", sentence);
}

static int note_lines(const struct notes *n)
{
	int lines = n->more > 0;

	for (size_t i = 0; i < n->count; i++)
		lines += count_lines(n->all[i].text, LINES);
	return lines;
}

/* Half of the room at most, but all that the rows leave. */
static int room_for_notes(int wanted, int room, int rows)
{
	int most = room - rows > room / 2 ? room - rows : room / 2;
	return wanted < most ? wanted : most;
}

/* The last of the lines says how much is not there. */
static void draw_notes(const struct notes *n, int row, int lines)
{
	char more[64];
	int end = row + lines;
	size_t i = 0;

	for (; i < n->count; i++) {
		bool is_last = i + 1 == n->count && n->more == 0;
		int needs = count_lines(n->all[i].text, LINES);
		if (row + needs + !is_last > end)
			break;
		row += put_lines(row, end - row, n->all[i].text, n->all[i].warns ? bad : odd);
	}
	if (row >= end || n->count + n->more == i)
		return;
	snprintf(more, sizeof(more), "%zu more; portico status tells", n->count - i + n->more);
	put(row, more, strlen(more), odd);
}

/* The titles need a line of their own; without a row they say nothing. */
static void draw_body(struct top_view *v, struct page *p)
{
	struct notes notes = {0};
	int count = (int)top_view_slots(v), room = p->bottom - p->top - 1;

	if (!v->status || room < 1)
		return;
	notes_tell(v->status, take_note, &notes);
	int lines = room_for_notes(note_lines(&notes), room, count);
	int rows = count < room - lines ? count : room - lines;
	draw_slots(v, p, (size_t)rows);
	if (p->top + lines < p->bottom)
		p->top++;
	draw_notes(&notes, p->top, lines);
}

/* ---- the whole ---- */

static void draw_help(struct page *p)
{
	for (size_t i = 0; i < sizeof(help_lines) / sizeof(*help_lines) && p->top < p->bottom; i++)
		p->top += help_lines[i][0]
			? put_lines(p->top, p->bottom - p->top, help_lines[i], A_NORMAL) : 1;
}

void top_draw(struct top_view *v)
{
	struct page p = { .top = 0, .bottom = LINES };

	erase();
	if (v->help) {
		draw_help(&p);
	} else {
		draw_bottom(v, &p);
		draw_verdict(v, &p);
		draw_master(v, &p);
		draw_body(v, &p);
	}
	refresh();
}
