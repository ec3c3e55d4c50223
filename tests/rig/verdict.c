/* SPDX-License-Identifier: MIT */
/*
 * verdict.c - whether the run was valid, and what was lost in it.
 *
 * A run is void when the rig lost packets itself, or when the load was not as
 * steady as asked for: it then says nothing about the server, neither good nor
 * bad, and may be tried again.  A server that ends, or does not do what the
 * events ask for, has failed.
 */
#include "rig/verdict.h"

#include <stdbool.h>
#include <stdio.h>

/* A crash may take what is in the dead worker's hands, but never refuses
 * anybody, and never keeps anybody waiting. */
static bool lost_what_was_in_hands(const struct verdict *v)
{
	const uint64_t *n = v->report->all.n;

	return n[SOAK_REFUSED] == 0 && n[SOAK_TIMED_OUT] == 0 &&
	       soak_lost(&v->report->all) <= v->events->in_hands;
}

static bool is_as_expected(const struct verdict *v)
{
	switch (v->options->expect) {
	case EXPECT_NO_LOSS:
		return soak_lost(&v->report->all) == 0;
	case EXPECT_LOSS:
		return soak_lost(&v->report->all) > 0;
	case EXPECT_IN_HANDS:
		return lost_what_was_in_hands(v);
	case EXPECT_ANYTHING:
		return true;
	}
	return false;
}

/* NULL: nothing did. */
static const char *what_failed(const struct verdict *v)
{
	if (v->failure)
		return v->failure;
	return v->report->all.n[SOAK_ANSWERED] == 0 ? "nothing was answered" : NULL;
}

static const char *why_void(const struct verdict *v)
{
	if (v->drops > 0)
		return "the relay lost packets";
	return soak_is_sound(v->report) ? NULL : "the load was not as steady as asked for";
}

static enum verdict_code decide(const struct verdict *v, const char **why)
{
	*why = what_failed(v);
	if (*why)
		return VERDICT_NOT;
	*why = why_void(v);
	if (*why)
		return VERDICT_VOID;
	return is_as_expected(v) ? VERDICT_AS_EXPECTED : VERDICT_NOT;
}

int verdict_say(const struct verdict *v)
{
	static const char *const words[] = { "ok", "FAILED", "VOID" };
	char line[SOAK_LINE];
	const char *why;
	enum verdict_code code = decide(v, &why);

	if (v->options->table)
		soak_print(v->report, stdout);
	printf("%s name=%s rtt_ms=%.0f events=%u slowest_event_ms=%.0f in_hands=%llu drops=%llu "
		"relay_late_us=%llu %s\n", words[code], v->options->name, v->options->rtt * 1e3,
		v->events->number, v->events->slowest * 1e3,
		(unsigned long long)v->events->in_hands, (unsigned long long)v->drops,
		(unsigned long long)v->relay_late_us, soak_line(v->report, line));
	if (why)
		fprintf(stderr, "rig: %s: %s; %s has what the server said\n", v->options->name,
			why, v->options->log);
	return code;
}
