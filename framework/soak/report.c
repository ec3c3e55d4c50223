/* SPDX-License-Identifier: MIT */
/*
 * report.c - what came of the load: a table for people, a line for scripts.
 */
#include <stdio.h>
#include <string.h>

#include "soak/soak.h"

static const struct count_name {
	const char *word;        /* for scripts */
	const char *text;        /* for people */
} names[SOAK_COUNTS] = {
	[SOAK_STARTED] = { "started", "connections" },
	[SOAK_REQUESTS] = { "requests", "requests sent" },
	[SOAK_ANSWERED] = { "answered", "answered" },
	[SOAK_REFUSED] = { "refused", "lost: refused" },
	[SOAK_RESET] = { "reset", "lost: reset before the answer" },
	[SOAK_TIMED_OUT] = { "timed_out", "lost: timed out" },
	[SOAK_TRUNCATED] = { "truncated", "lost: truncated" },
	[SOAK_WRONG] = { "wrong", "lost: wrong answer" },
	[SOAK_CUT] = { "cut", "lost: kept connection cut" },
	[SOAK_RESET_AFTER] = { "reset_after", "reset after the answer" },
	[SOAK_CLOSED_IDLE] = { "closed_idle", "closed while idle" },
	[SOAK_LEFT_OPEN] = { "left_open", "left open" },
	[SOAK_LOCAL] = { "local", "our own failure" },
};

uint64_t soak_lost(const struct soak_tally *t)
{
	uint64_t sum = 0;

	for (int i = SOAK_REFUSED; i <= SOAK_CUT; i++)
		sum += t->n[i];
	return sum;
}

bool soak_is_sound(const struct soak_report *r)
{
	return r->held_back == 0 && r->all.n[SOAK_LOCAL] == 0 &&
	       r->late * 20 <= r->all.n[SOAK_STARTED];
}

static void print_row(const struct soak_report *r, FILE *out, int count)
{
	fprintf(out, "%-30s", names[count].text);
	for (size_t i = 0; i < r->target_count; i++)
		fprintf(out, " %12llu", (unsigned long long)r->targets[i].n[count]);
	fprintf(out, " %12llu\n", (unsigned long long)r->all.n[count]);
}

static void print_quantile(const struct soak_report *r, FILE *out, const char *text, double part)
{
	fprintf(out, "%-30s", text);
	for (size_t i = 0; i < r->target_count; i++)
		fprintf(out, " %12.1f", latency_quantile(&r->targets[i].latency, part) * 1e3);
	fprintf(out, " %12.1f\n", latency_quantile(&r->all.latency, part) * 1e3);
}

void soak_print(const struct soak_report *r, FILE *out)
{
	fprintf(out, "%-30s", "");
	for (size_t i = 0; i < r->target_count; i++)
		fprintf(out, " %12s", r->names[i] ? r->names[i] : "");
	fprintf(out, " %12s\n", "all");
	for (int i = 0; i < SOAK_COUNTS; i++)
		print_row(r, out, i);
	print_quantile(r, out, "start to answer, p50 ms", .5);
	print_quantile(r, out, "p99 ms", .99);
	print_quantile(r, out, "worst ms", 1.);
	fprintf(out, "lost %llu of %llu in %.1f s; %llu starts were late (worst %.0f ms), "
		"%llu held back; at most %u open\n",
		(unsigned long long)soak_lost(&r->all),
		(unsigned long long)r->all.n[SOAK_STARTED], r->seconds,
		(unsigned long long)r->late, r->latest * 1e3, (unsigned long long)r->held_back,
		r->most_open);
}

const char *soak_line(const struct soak_report *r, char out[SOAK_LINE])
{
	size_t at = 0;

	for (int i = 0; i < SOAK_COUNTS; i++) {
		if (i == SOAK_REFUSED)
			at += (size_t)snprintf(out + at, SOAK_LINE - at, "lost=%llu ",
				(unsigned long long)soak_lost(&r->all));
		at += (size_t)snprintf(out + at, SOAK_LINE - at, "%s=%llu ", names[i].word,
			(unsigned long long)r->all.n[i]);
	}
	snprintf(out + at, SOAK_LINE - at,
		"late=%llu held_back=%llu most_open=%u p50_ms=%.1f p99_ms=%.1f max_ms=%.1f",
		(unsigned long long)r->late, (unsigned long long)r->held_back, r->most_open,
		latency_quantile(&r->all.latency, .5) * 1e3,
		latency_quantile(&r->all.latency, .99) * 1e3, (double)r->all.latency.max / 1e3);
	return out;
}
