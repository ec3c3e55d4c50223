/* SPDX-License-Identifier: MIT */
/*
 * tell_status.c - a status as plain text that fits a ticket.
 */
#include "master/tell_status.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/fold.h"
#include "base/units.h"
#include "master/columns.h"
#include "master/facts.h"
#include "master/notes.h"

enum { PAGE = 100, TEXT = 1024 };

#define ALL_SLOTS ((1u << COLUMNS_ALL) - 1 - (1u << COLUMN_BAR) - TOTALS)
#define TOTALS    (1u << COLUMN_RESTARTS | 1u << COLUMN_ACCEPTED | 1u << COLUMN_ANSWERED)

/* A paragraph whose later lines stand further in. */
static void __attribute__((format(printf, 3, 4)))
say(FILE *out, int indent, const char *fmt, ...)
{
	char text[TEXT];
	size_t len, skip;
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (const char *at = text; (len = fold_line(at, PAGE - (size_t)indent, &skip)) > 0;) {
		int shown = (int)len;
		while (shown > 0 && at[shown - 1] == ' ')
			shown--;
		fprintf(out, "%*s%.*s\n", indent, "", shown, at);
		indent += at == text ? 2 : 0;
		at += len + skip;
	}
}

/* ---- the head ---- */

static void tell_counts(const json_t *status, FILE *out)
{
	char up[UNITS_TEXT], crashes[UNITS_TEXT + 16], upgrades[UNITS_TEXT + 16];
	char stalls[UNITS_TEXT + 16], lost[UNITS_TEXT];

	say(out, 0, "up %s, %s, %s, %s, %s lost",
		units_seconds(facts_number(status, "uptime"), up),
		facts_count(status, "crashes", "crash", "crashes", crashes, sizeof(crashes)),
		facts_count(status, "upgrades", "upgrade", "upgrades", upgrades, sizeof(upgrades)),
		facts_count(status, "stalls", "stall", "stalls", stalls, sizeof(stalls)),
		units_count(facts_number(status, "lost"), lost));
}

static void tell_balance_of_all(const json_t *status, FILE *out)
{
	double imbalance = facts_number(status, "imbalance");
	double reload = facts_number(status, "last_reload");
	char text[UNITS_TEXT], p50[UNITS_TEXT], p99[UNITS_TEXT], ago[UNITS_TEXT];

	snprintf(text, sizeof(text), isfinite(imbalance) ? "%.2f" : "-", imbalance);
	say(out, 0, "imbalance %s, p50 %s, p99 %s, last reload %s%s", text,
		units_seconds(facts_number(status, "p50"), p50),
		units_seconds(facts_number(status, "p99"), p99), units_seconds(reload, ago),
		isfinite(reload) ? " ago" : "");
}

static void tell_head(const json_t *status, FILE *out)
{
	char pid[FACTS_WHOLE];

	say(out, 0, "%s", facts_text(status, "verdict"));
	tell_counts(status, out);
	tell_balance_of_all(status, out);
	say(out, 0, "portico %s, master %s, %s", facts_text(status, "version"),
		facts_whole(status, "pid", pid), facts_text(status, "file"));
}

static void tell_note(void *out, bool warns, const char *sentence)
{
	say(out, 0, "%s%s", warns ? "! " : "  ", sentence);
}

/* ---- slots ---- */

static void tell_table(unsigned columns, const json_t *slots, FILE *out)
{
	char line[COLUMNS_LINE];
	size_t i;
	json_t *slot;

	columns_titles(columns, line);
	fprintf(out, "%s\n", line);
	json_array_foreach(slots, i, slot) {
		columns_row(columns, slot, line);
		fprintf(out, "%s\n", line);
	}
}

static void tell_slots(const json_t *status, FILE *out)
{
	const json_t *slots = json_object_get(status, "slots");

	fprintf(out, "\nslots\n");
	tell_table(ALL_SLOTS, slots, out);
	/* An older master does not count. */
	if (json_object_get(json_array_get(slots, 0), "accepted")) {
		fprintf(out, "\nslots, since they began\n");
		tell_table(1u << COLUMN_SLOT | TOTALS, slots, out);
	}
}

/* ---- services ---- */

/* "accept 1, timeout 3": what is not 0 in an object of numbers. */
static const char *not_zero(json_t *numbers, char *out, size_t room)
{
	const char *key;
	json_t *number;
	size_t len = 0;
	char text[UNITS_TEXT];

	snprintf(out, room, "%s", json_is_object(numbers) ? "none" : "-");
	json_object_foreach(numbers, key, number) {
		if (json_number_value(number) == 0.)
			continue;
		int n = snprintf(out + len, room - len, "%s%s %s", len ? ", " : "", key,
			units_count(json_number_value(number), text));
		if (n < 0 || (size_t)n >= room - len)
			break;
		len += (size_t)n;
	}
	return out;
}

static void tell_balance(const json_t *balance, FILE *out)
{
	const char *why = json_string_value(json_object_get(balance, "why"));
	bool has_reason = why && *why;

	if (json_is_object(balance))
		say(out, 4, "balance: %s; asked: %s%s%s", facts_text(balance, "runs"),
			facts_text(balance, "asked"), has_reason ? "; " : "", has_reason ? why : "");
}

static void tell_traffic(const json_t *service, FILE *out)
{
	char a[UNITS_TEXT], b[UNITS_TEXT], c[UNITS_TEXT], d[UNITS_TEXT], e[UNITS_TEXT];

	say(out, 4, "%s accepted, %s active, %s closed; %s in, %s out",
		units_count(facts_number(service, "accepted"), a),
		units_count(facts_number(service, "active"), b),
		units_count(facts_number(service, "closed"), c),
		units_bytes(facts_number(service, "bytes_in"), d),
		units_bytes(facts_number(service, "bytes_out"), e));
	if (strcmp(facts_text(service, "protocol"), "udp") == 0)
		say(out, 4, "datagrams: %s in, %s out",
			units_count(facts_number(service, "datagrams_in"), a),
			units_count(facts_number(service, "datagrams_out"), b));
}

/* Most services have no rate. */
static void tell_limited(json_t *numbers, FILE *out)
{
	const char *scope;
	json_t *number;
	char text[TEXT];
	double sum = 0.;

	json_object_foreach(numbers, scope, number)
		sum += json_number_value(number);
	if (sum > 0.)
		say(out, 4, "over a rate: %s", not_zero(numbers, text, sizeof(text)));
}

static void tell_answers(const json_t *service, FILE *out)
{
	char text[TEXT], p50[UNITS_TEXT], p99[UNITS_TEXT];

	if (strcmp(facts_text(service, "protocol"), "http") == 0)
		say(out, 4, "requests: %s; p50 %s, p99 %s",
			not_zero(json_object_get(service, "requests"), text, sizeof(text)),
			units_seconds(facts_number(service, "p50"), p50),
			units_seconds(facts_number(service, "p99"), p99));
	say(out, 4, "errors: %s", not_zero(json_object_get(service, "errors"), text, sizeof(text)));
	tell_limited(json_object_get(service, "rate_limited"), out);
}

static void tell_table_of(const json_t *service, FILE *out)
{
	const json_t *t = json_object_get(service, "table");
	char entries[UNITS_TEXT + 16], used[UNITS_TEXT], room[UNITS_TEXT];
	char refused[UNITS_TEXT];

	if (json_is_object(t))
		say(out, 4, "table: %s, %s of %s used, %s refused",
			facts_count(t, "entries", "entry", "entries", entries, sizeof(entries)),
			units_bytes(facts_number(t, "used"), used), units_bytes(facts_number(t, "room"), room),
			units_count(facts_number(t, "refused"), refused));
}

static void tell_metrics(const json_t *service, FILE *out)
{
	size_t i;
	json_t *m;

	json_array_foreach(json_object_get(service, "metrics"), i, m)
		say(out, 4, "%s of %s: %.15g (%s)", facts_text(m, "name"), facts_text(m, "handler"),
			facts_number(m, "value"), facts_text(m, "kind"));
}

static void tell_services(const json_t *status, FILE *out)
{
	const json_t *services = json_object_get(status, "services");
	char listen[TEXT];
	size_t i;
	json_t *service;

	if (json_array_size(services) > 0)
		fprintf(out, "\nservices\n");
	json_array_foreach(services, i, service) {
		say(out, 2, "%s: %s on %s", facts_text(service, "name"), facts_text(service, "protocol"),
			facts_list(json_object_get(service, "listen"), listen, sizeof(listen)));
		tell_balance(json_object_get(service, "balance"), out);
		tell_traffic(service, out);
		tell_answers(service, out);
		tell_table_of(service, out);
		tell_metrics(service, out);
	}
}

/* ---- generations, sockets ---- */

/* ", offloaded: 4 busy, 10 queued, longest 12 s, 4 threads"; "" if there is none. */
static const char *offloaded(const json_t *w, char *out, size_t room)
{
	const json_t *o = json_object_get(w, "offload");
	char busy[FACTS_WHOLE], queued[FACTS_WHOLE], longest[UNITS_TEXT];
	char threads[UNITS_TEXT + 16];

	out[0] = '\0';
	if (facts_number(o, "busy") > 0. || facts_number(o, "queued") > 0.)
		snprintf(out, room, ", offloaded: %s busy, %s queued, longest %s, %s",
			facts_whole(o, "busy", busy), facts_whole(o, "queued", queued),
			units_seconds(facts_number(o, "longest"), longest),
			facts_count(o, "threads", "thread", "threads", threads, sizeof(threads)));
	return out;
}

static void tell_worker(const json_t *w, const json_t *generation, FILE *out)
{
	const char *state = facts_text(w, "state");
	const char *doing = json_string_value(json_object_get(w, "doing"));
	char slot[FACTS_WHOLE], pid[FACTS_WHOLE], number[FACTS_WHOLE], age[UNITS_TEXT], more[128];
	bool has_more = doing && *doing && strcmp(state, doing) != 0;

	fprintf(out, "%4s %7s %4s %-8s %7s%s%.60s%s\n", facts_whole(w, "slot", slot),
		facts_whole(w, "pid", pid), facts_whole(generation, "number", number), state,
		units_seconds(facts_number(w, "age"), age), has_more ? " " : "", has_more ? doing : "",
		offloaded(w, more, sizeof(more)));
}

static void tell_generations(const json_t *status, FILE *out)
{
	size_t i, k;
	json_t *g, *w;

	fprintf(out, "\nworkers\nslot     pid  gen state        age doing\n");
	json_array_foreach(json_object_get(status, "generations"), i, g)
		json_array_foreach(json_object_get(g, "workers"), k, w)
			tell_worker(w, g, out);
}

static void tell_sockets(const json_t *status, FILE *out)
{
	char slot[FACTS_WHOLE], queue[FACTS_WHOLE], limit[FACTS_WHOLE];
	size_t i;
	json_t *s;

	fprintf(out, "\nsockets\nslot type %-40s  queue  limit state\n", "address");
	json_array_foreach(json_object_get(status, "sockets"), i, s)
		fprintf(out, "%4s %-4s %-40s %6s %6s %s%s\n", facts_whole(s, "slot", slot), facts_text(s, "type"),
			facts_text(s, "address"), facts_whole(s, "queue", queue),
			facts_whole(s, "limit", limit), facts_text(s, "state"),
			json_is_true(json_object_get(s, "lent")) ? ", lent to a sibling" : "");
}

void tell_status(const json_t *status, FILE *out)
{
	tell_head(status, out);
	notes_tell(status, tell_note, out);
	tell_slots(status, out);
	tell_services(status, out);
	tell_generations(status, out);
	tell_sockets(status, out);
}
