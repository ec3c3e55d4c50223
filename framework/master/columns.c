/* SPDX-License-Identifier: MIT */
/*
 * columns.c - the table of slots.
 */
#include "master/columns.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/fold.h"
#include "base/units.h"
#include "master/facts.h"

enum { BAR = 8 };

struct column_kind {
	const char *title;
	int         width;
	bool        left;
	int         rank;        /* the highest goes first */
	void      (*write)(const json_t *slot, char out[COLUMNS_CELL]);
};

static void write_slot(const json_t *slot, char *out)
{
	facts_whole(slot, "slot", out);
}

static void write_pid(const json_t *slot, char *out)
{
	facts_whole(slot, "pid", out);
}

static void write_generation(const json_t *slot, char *out)
{
	facts_whole(slot, "generation", out);
}

static void write_state(const json_t *slot, char *out)
{
	snprintf(out, COLUMNS_CELL, "%s", facts_text(slot, "state"));
}

static void write_share(const json_t *slot, char *out)
{
	char share[UNITS_TEXT], expected[UNITS_TEXT];

	snprintf(out, COLUMNS_CELL, "%s/%s %%", units_percent(facts_number(slot, "share"), share),
		units_percent(facts_number(slot, "expected"), expected));
}

/* "### |    ": half a bar is the share expected. */
static void write_bar(const json_t *slot, char *out)
{
	double part = facts_number(slot, "share") / facts_number(slot, "expected");

	memset(out, ' ', BAR + 1);
	if (isfinite(part))
		memset(out, '#', (size_t)lround(fmin(fmax(part, 0.), 2.) * (BAR / 2)));
	memmove(out + BAR / 2 + 1, out + BAR / 2, BAR / 2);
	out[BAR / 2] = '|';
	out[BAR + 1] = '\0';
}

static void write_active(const json_t *slot, char *out)
{
	units_count(facts_number(slot, "active"), out);
}

static void write_queue(const json_t *slot, char *out)
{
	char queue[FACTS_WHOLE], limit[FACTS_WHOLE];

	snprintf(out, COLUMNS_CELL, "%s/%s", facts_whole(slot, "queue", queue),
		facts_whole(slot, "limit", limit));
}

static void write_rate(const json_t *slot, char *out)
{
	units_rate(facts_number(slot, "rate"), out);
}

static void write_busy(const json_t *slot, char *out)
{
	double busy = facts_number(slot, "busy");
	char text[UNITS_TEXT];

	snprintf(out, COLUMNS_CELL, isnan(busy) ? "-" : "%s %%", units_percent(busy, text));
}

static void write_p50(const json_t *slot, char *out)
{
	units_seconds(facts_number(slot, "p50"), out);
}

static void write_p99(const json_t *slot, char *out)
{
	units_seconds(facts_number(slot, "p99"), out);
}

static void write_rss(const json_t *slot, char *out)
{
	units_bytes(facts_number(slot, "rss"), out);
}

static void write_restarts(const json_t *slot, char *out)
{
	units_count(facts_number(slot, "restarts"), out);
}

static void write_accepted(const json_t *slot, char *out)
{
	units_count(facts_number(slot, "accepted"), out);
}

static void write_answered(const json_t *slot, char *out)
{
	units_count(facts_number(slot, "answered"), out);
}

static const struct column_kind kinds[COLUMNS_ALL] = {
	[COLUMN_SLOT] = { "slot", 4, false, 0, write_slot },
	[COLUMN_PID] = { "pid", 7, false, 2, write_pid },
	[COLUMN_GENERATION] = { "gen", 4, false, 8, write_generation },
	[COLUMN_STATE] = { "state", 8, true, 1, write_state },
	[COLUMN_SHARE] = { "share", 9, false, 3, write_share },
	[COLUMN_BAR] = { "(|: due)", BAR + 1, true, 13, write_bar },
	[COLUMN_ACTIVE] = { "active", 6, false, 5, write_active },
	[COLUMN_QUEUE] = { "queue", 9, false, 7, write_queue },
	[COLUMN_RATE] = { "req/s", 5, false, 4, write_rate },
	[COLUMN_BUSY] = { "busy", 5, false, 9, write_busy },
	[COLUMN_P50] = { "p50", 7, false, 12, write_p50 },
	[COLUMN_P99] = { "p99", 7, false, 6, write_p99 },
	[COLUMN_RSS] = { "rss", 8, false, 10, write_rss },
	[COLUMN_RESTARTS] = { "restarts", 8, false, 11, write_restarts },
	[COLUMN_ACCEPTED] = { "accepted", 8, false, 14, write_accepted },
	[COLUMN_ANSWERED] = { "answered", 8, false, 15, write_answered },
};

static int column_of_rank(int rank)
{
	int column = 0;

	while (kinds[column].rank != rank)
		column++;
	return column;
}

unsigned columns_fit(size_t width)
{
	unsigned set = 1u << column_of_rank(0);
	size_t used = (size_t)kinds[column_of_rank(0)].width;

	for (int rank = 1; rank < COLUMNS_ALL; rank++) {
		int column = column_of_rank(rank);
		used += 1 + (size_t)kinds[column].width;
		if (used > width)
			break;
		set |= 1u << column;
	}
	return set;
}

/* Text that is wider than its column pushes the rest of the line: a wrong figure would be worse. */
static size_t put(char *out, size_t len, const struct column_kind *kind, const char *text)
{
	int blanks = kind->width - (int)fold_columns(text);
	int n = snprintf(out + len, COLUMNS_LINE - len, "%s%*s%s%*s", len ? " " : "",
		kind->left || blanks < 0 ? 0 : blanks, "", text, kind->left && blanks > 0 ? blanks : 0, "");

	return n < 0 || (size_t)n >= COLUMNS_LINE - len ? COLUMNS_LINE - 1 : len + (size_t)n;
}

void columns_titles(unsigned set, char out[COLUMNS_LINE])
{
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < COLUMNS_ALL; i++)
		if (set & 1u << i)
			len = put(out, len, &kinds[i], kinds[i].title);
}

void columns_row(unsigned set, const json_t *slot, char out[COLUMNS_LINE])
{
	char cell[COLUMNS_CELL];
	size_t len = 0;

	out[0] = '\0';
	for (int i = 0; i < COLUMNS_ALL; i++) {
		if (!(set & 1u << i))
			continue;
		kinds[i].write(slot, cell);
		len = put(out, len, &kinds[i], cell);
	}
}
