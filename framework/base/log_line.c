/* SPDX-License-Identifier: MIT */
/*
 * log_line.c - a line of the log: who said what when, as text, logfmt or JSON.
 *
 * What is said may come from a client or a file: nothing in it can end the line or a
 * field, or speak to the terminal of who reads it.
 */
#include "base/log_line.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/jot.h"
#include "base/quote.h"

/* Behind a message that is cut: "..." and what ends the line. */
#define LAST "...\"}\n"

enum { NAME = 80 };              /* bytes of a name at most */

static const struct {
	const char *name, *padded;
	unsigned    severity;    /* as syslog(3) numbers them */
} levels[] = {
	[LOG_ERROR] = { "error", "error", 3 },
	[LOG_WARN] = { "warn", "warn ", 4 },
	[LOG_INFO] = { "info", "info ", 6 },
	[LOG_DEBUG] = { "debug", "debug", 7 },
};

/* ---- pieces ---- */

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* gmtime_r(3) may wait for a lock of the time zone's. */
static void put_day(struct jot *l, uint64_t days)
{
	static const unsigned lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	unsigned year = 1970, month = 0;

	for (; days >= 365U + is_leap(year); year++)
		days -= 365U + is_leap(year);
	for (; days >= lengths[month] + (month == 1 && is_leap(year)); month++)
		days -= lengths[month] + (month == 1 && is_leap(year));
	jot_number(l, year, 4);
	jot_text(l, "-");
	jot_number(l, month + 1, 2);
	jot_text(l, "-");
	jot_number(l, days + 1, 2);
}

static void put_time(struct jot *l, const struct timespec *when)
{
	uint64_t seconds = when->tv_sec > 0 ? (uint64_t)when->tv_sec : 0;

	put_day(l, seconds / 86400);
	jot_text(l, "T");
	jot_number(l, seconds / 3600 % 24, 2);
	jot_text(l, ":");
	jot_number(l, seconds / 60 % 60, 2);
	jot_text(l, ":");
	jot_number(l, seconds % 60, 2);
	jot_text(l, ".");
	jot_number(l, (uint64_t)when->tv_nsec / 1000000, 3);
	jot_text(l, "Z");
}

/* One character of a plain line: what is none, or no good, is a question mark. */
static struct quoted plain(const char *text, size_t len)
{
	struct quoted q = quote_json(text, len);

	if (q.text[0] == '\\' && *text != '\\' && *text != '"')
		return (struct quoted){ .text = "?", .len = 1, .used = q.used };
	q.len = q.used;
	memcpy(q.text, text, q.used);
	return q;
}

/* Whole characters, most bytes of them and as many as there is room for; "..." has room of its own. */
static void put_said(struct jot *l, const char *text, size_t most,
	struct quoted (*as)(const char *, size_t))
{
	size_t len = strlen(text), room = (size_t)(l->end - l->at);
	const char *end = l->at + (most < room ? most : room);

	while (len > 0) {
		struct quoted q = as(text, len);
		if (q.len > (size_t)(end - l->at)) {
			memcpy(l->at, "...", 3);
			l->at += 3;
			return;
		}
		jot_bytes(l, q.text, q.len);
		text += q.used;
		len -= q.used;
	}
}

/* ---- in front of a line, for who reads it ---- */

static void put_frame(struct jot *l, const struct log_style *style, const struct log_event *e)
{
	if (style->frame == LOG_BARE)
		return;
	jot_text(l, "<");
	jot_number(l, (style->frame == LOG_SYSLOG ? 8U * style->facility : 0)
		+ levels[e->level].severity, 1);
	jot_text(l, ">");
	if (style->frame != LOG_SYSLOG)
		return;
	jot_text(l, "portico[");
	jot_number(l, (uint64_t)e->speaker->pid, 1);
	jot_text(l, "]: ");
}

/* journald and syslogd know when a line came. */
static bool tells_time(const struct log_style *style)
{
	return style->frame == LOG_BARE;
}

/* ---- text ---- */

static void put_text(struct jot *l, const struct log_style *style, const struct log_event *e)
{
	if (tells_time(style)) {
		put_time(l, &e->when);
		jot_text(l, " ");
	}
	jot_text(l, levels[e->level].padded);
	jot_text(l, " ");
	jot_text(l, e->speaker->who);
	if (e->speaker->slot >= 0) {
		jot_text(l, " ");
		jot_number(l, (uint64_t)e->speaker->slot, 1);
	}
	jot_text(l, ": ");
	if (e->place.named) {
		jot_text(l, "handler ");
		put_said(l, e->place.service, NAME, plain);
		jot_text(l, *e->place.handler ? " " : "");
		put_said(l, e->place.handler, NAME, plain);
		jot_text(l, ": ");
	}
	put_said(l, e->message, SIZE_MAX, plain);
	*l->at++ = '\n';
}

/* ---- logfmt and JSON: the same fields ---- */

struct fields {
	struct jot *line;
	bool         json;
	bool         any;        /* there was one before */
};

static void begin_field(struct fields *f, const char *name)
{
	if (f->any)
		jot_text(f->line, f->json ? "," : " ");
	f->any = true;
	jot_text(f->line, f->json ? "\"" : "");
	jot_text(f->line, name);
	jot_text(f->line, f->json ? "\":" : "=");
}

static void field_number(struct fields *f, const char *name, uint64_t n)
{
	begin_field(f, name);
	jot_number(f->line, n, 1);
}

/* In logfmt a word can do without quotes. */
static bool is_word(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p >= 0x7f || *p == '"' || *p == '\\' || *p == '=')
			return false;
	return *text != '\0';
}

static void field_text(struct fields *f, const char *name, const char *text, size_t most)
{
	bool quotes = f->json || !is_word(text);

	begin_field(f, name);
	jot_text(f->line, quotes ? "\"" : "");
	put_said(f->line, text, most, quote_json);
	if (quotes)
		*f->line->at++ = '"';
}

static void field_time(struct fields *f, const struct timespec *when)
{
	begin_field(f, "time");
	jot_text(f->line, f->json ? "\"" : "");
	put_time(f->line, when);
	jot_text(f->line, f->json ? "\"" : "");
}

static void put_fields(struct jot *l, const struct log_style *style, const struct log_event *e)
{
	struct fields f = { .line = l, .json = style->format == LOG_JSON };

	jot_text(l, f.json ? "{" : "");
	if (tells_time(style))
		field_time(&f, &e->when);
	field_text(&f, "level", levels[e->level].name, NAME);
	field_text(&f, "who", e->speaker->who, NAME);
	if (e->speaker->slot >= 0)
		field_number(&f, "slot", (uint64_t)e->speaker->slot);
	if (e->speaker->generation > 0)
		field_number(&f, "generation", e->speaker->generation);
	field_number(&f, "pid", (uint64_t)e->speaker->pid);
	if (e->place.service)
		field_text(&f, "service", e->place.service, NAME);
	if (e->place.service && *e->place.handler)
		field_text(&f, "handler", e->place.handler, NAME);
	field_text(&f, "msg", e->message, SIZE_MAX);
	if (f.json)
		*l->at++ = '}';
	*l->at++ = '\n';
}

size_t log_line_put(char *line, size_t size, const struct log_style *style,
	const struct log_event *event)
{
	struct jot l = { .at = line, .end = line + size - (sizeof(LAST) - 1) };

	put_frame(&l, style, event);
	if (style->format == LOG_TEXT)
		put_text(&l, style, event);
	else
		put_fields(&l, style, event);
	return (size_t)(l.at - line);
}
