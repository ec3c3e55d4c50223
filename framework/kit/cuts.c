/* SPDX-License-Identifier: MIT */
/*
 * cuts.c - the same bytes, cut in every way.
 */
#include "kit/kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KIT_MINUTE = 60 };

struct talk {                            /* one client's, from its first byte to its end */
	char                     *answer;
	size_t                    len;
	enum portico_test_ending  state;
};

/* Sends data with a cut behind first bytes, and then after every piece. */
static int talk(const struct portico_test_setup *setup, const char *data, size_t len, size_t first,
	size_t piece, struct talk *out)
{
	struct portico_test *t = portico_test_create(setup);
	struct portico_test_client *c = t ? portico_test_connect(t, NULL) : NULL;

	if (!c) {
		portico_test_end(t);
		return -1;
	}
	for (size_t at = 0, n = first; at < len; at += n, n = piece) {
		n = n < len - at ? n : len - at;
		portico_test_send(c, data + at, n);
	}
	portico_test_finish(c);
	for (int i = 0; i < KIT_MINUTE && portico_test_state(c) == PORTICO_TEST_OPEN; i++)
		portico_test_advance(t, 1.);
	const char *answer = portico_test_received(c, &out->len);
	out->answer = malloc(out->len + 1);
	kit_need(out->answer != NULL);
	memcpy(out->answer, answer, out->len + 1);
	out->state = portico_test_state(c);
	portico_test_end(t);
	return 0;
}

static const char *ending(enum portico_test_ending state)
{
	static const char *const names[] = { "open", "ended", "cut" };

	return names[state];
}

/* Whether it is what the whole was answered. */
static bool compare(const struct portico_test_setup *setup, const struct talk *whole,
	const struct talk *part, const char *where)
{
	if (whole->len == part->len && whole->state == part->state
		&& memcmp(whole->answer, part->answer, whole->len) == 0)
		return true;
	kit_fail(&(struct portico_test){ .failed = setup->failed },
		"cut %s, the answer is '%.600s' (%zu bytes, %s) in place of '%.600s' (%zu bytes, %s)",
		where, part->answer, part->len, ending(part->state), whole->answer, whole->len,
		ending(whole->state));
	return false;
}

static bool cut(const struct portico_test_setup *setup, const char *data, size_t len, size_t first,
	size_t piece, const struct talk *whole)
{
	struct talk part;
	char where[48];

	if (talk(setup, data, len, first, piece, &part) < 0)
		return false;
	snprintf(where, sizeof(where), "behind byte %zu", first);
	bool same = compare(setup, whole, &part, piece == 1 ? "behind every byte" : where);
	free(part.answer);
	return same;
}

void portico_test_cuts(const struct portico_test_setup *setup, const void *data, size_t len)
{
	struct talk whole;

	if (setup->protocol == PORTICO_TEST_UDP) {
		kit_fail(&(struct portico_test){ .failed = setup->failed },
			"portico_test_every_cut(): nobody cuts a datagram");
		return;
	}
	if (talk(setup, data, len, len, len, &whole) < 0)
		return;
	bool same = true;
	for (size_t first = 1; same && first < len; first++)
		same = cut(setup, data, len, first, len, &whole);
	if (same)
		(void)cut(setup, data, len, 1, 1, &whole);
	free(whole.answer);
}
